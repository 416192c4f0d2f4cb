import { InvalidArgumentError, Option } from 'commander'
import { whole as parseWhole } from '../../operations/parsers.js'

/** Option for the running cluster that a command is for. */
export function target(): Option {
  return new Option('--block <cidr>', 'which running cluster; needed only if there are several')
}

/** Option for machine-readable output; errors on standard error are JSON, too. */
export function json(): Option {
  return new Option('--json', 'as JSON')
}

/** Examples below the help of a command. */
export function examples(...lines: readonly string[]): string {
  return `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map((line) => `  fivetuple ${line}`).join('\n')}`
}

/** Returns a parser of whole numbers for options and arguments. */
export function whole(min: number, max: number): (text: string) => number {
  const parse = parseWhole(min, max)
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message)
    }
  }
}
