import { InvalidArgumentError, Option } from 'commander'

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
