import { InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../../config/duration.js'

/** Which running cluster a command is for. */
export function target(): Option {
  return new Option('--block <cidr>', 'which running cluster; needed only when there are several')
}

/** Machine-readable output, and errors on standard error as JSON too. */
export function json(): Option {
  return new Option('--json', 'as one JSON document')
}

/** Examples below a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map((line) => `  fivetuple ${line}`).join('\n')}`
}

/** A parser of whole numbers for options and arguments. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    if (!/^\d{1,9}$/.test(text) || Number(text) < min || Number(text) > max)
      throw new InvalidArgumentError(`a whole number from ${min} to ${max} is needed`)
    return Number(text)
  }
}

/** A parser of durations for options and arguments, in milliseconds. As in configurations, each has a unit, except 0. */
export function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  throw new InvalidArgumentError(
    /^[\d.]+$/.test(text)
      ? `a duration has a unit: ${text}ms or ${text}s`
      : 'a duration such as 300ms, 5s or 15m is needed',
  )
}
