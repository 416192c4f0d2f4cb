import type { Command } from 'commander'
import { ApiError } from './api/problem.js'
import { CliError } from './cli/cli-error.js'
import { fivetupleCommand } from './cli/program.js'
import { renamedTo } from './cli/renamed.js'
import type { ConfigError } from './config/config-error.js'

const program = fivetupleCommand()
const renamed = renamedTo(process.argv.slice(2))
const asJson = process.argv.includes('--json')
exitWithOurCodes(program)
process.stdout.on('error', onLost)
process.stderr.on('error', () => {})

try {
  await program.parseAsync()
} catch (error) {
  const { message } = error as Error
  const exitCode = exitCodeOf(error)
  const errors = error instanceof CliError && error.errors.length > 0 ? error.errors : undefined
  process.stderr.write(asJson ? jsonError(message, exitCode, errors) : `fivetuple: ${message}\n`)
  process.exitCode = exitCode
}

/**
 * Called if output can't be written. What was requested is done all the same: a running cluster
 * does not end because its output has no reader. A reader that has closed its end, as `head` does,
 * is no failure.
 */
function onLost({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') return
  process.stderr.write(`fivetuple: output can't be written: ${message}\n`)
  process.exitCode = 1
}

/** A request that the API finds invalid, or whose subject does not exist, is invalid usage, too. */
function exitCodeOf(error: unknown): 1 | 2 {
  if (error instanceof CliError) return error.exitCode
  return error instanceof ApiError && (error.status === 400 || error.status === 404) ? 2 : 1
}

/**
 * Ends with 2 if the command line is invalid, in every command; with --json the reason is JSON as
 * well.
 */
function exitWithOurCodes(command: Command): void {
  command.showHelpAfterError("(see 'fivetuple help')")
  if (asJson)
    command.configureOutput({ writeErr: () => {} }) // text for people
  else if (renamed !== undefined)
    command.configureOutput({ outputError: (text, write) => write(text.replace('\n', `: ${renamed}\n`)) })
  command.exitOverride((error) => {
    const exitCode = error.exitCode === 0 ? 0 : 2
    if (asJson && exitCode === 2) {
      const message = error.message.replace(/^error: /, '')
      process.stderr.write(jsonError(renamed === undefined ? message : `${message}: ${renamed}`, exitCode))
    }
    process.exit(exitCode)
  })
  for (const sub of command.commands) exitWithOurCodes(sub)
}

function jsonError(error: string, exitCode: 1 | 2, errors?: readonly ConfigError[]): string {
  return `${JSON.stringify({ error, exitCode, ...(errors && { errors }) })}\n`
}
