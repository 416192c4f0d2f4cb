import { Command } from 'commander'
import { ApiError } from './api/problem.js'
import { CliError } from './cli/cli-error.js'
import { clusterCommands } from './cli/commands/cluster.js'
import { completeCommand, completionCommands } from './cli/commands/completion.js'
import { serviceCommand } from './cli/commands/drain.js'
import { addBackendFaults, addLbFaults, faultCommands } from './cli/commands/fault.js'
import { inspectCommands } from './cli/commands/inspect.js'
import { vipCommand } from './cli/commands/vip.js'
import type { ConfigError } from './config/config-error.js'

// Commands only say what they take; each loads what it does when it is run, since start-up time matters.
const program = new Command('fivetuple')
  .description(
    'An ECMP load-balancer cluster on one machine: real HTTP, TCP and UDP through a layer-3 switch and N active LBs',
  )
  .version('0.1.0')
  .addHelpText('after', '\nExit codes: 0 done, 1 it failed, 2 it was asked wrongly. Manual: docs/ of the project.')

for (const [group, commands] of [
  ['Cluster:', clusterCommands()],
  ['What it does:', inspectCommands()],
  ['Operation:', [vipCommand(), addLbFaults(serviceCommand('lb')), addBackendFaults(serviceCommand('backend'))]],
  ['Failures:', faultCommands()],
  ['Shell:', completionCommands()],
] as const)
  for (const command of commands) program.addCommand(command.helpGroup(group))
program.addCommand(completeCommand(program), { hidden: true })
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
 * Output that can't be written. What was asked for is done all the same: a running cluster, above all, does not end because
 * nobody reads any more what it says. That the reader has heard enough, as `head` has, is no failure.
 */
function onLost({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') return
  process.stderr.write(`fivetuple: what it says can't be written: ${message}\n`)
  process.exitCode = 1
}

/** What the API finds wrong with a question, or can't find, was asked wrongly, too. */
function exitCodeOf(error: unknown): 1 | 2 {
  if (error instanceof CliError) return error.exitCode
  return error instanceof ApiError && (error.status === 400 || error.status === 404) ? 2 : 1
}

/** Ends with 2 if the command line is invalid, in every command; with --json the reason is JSON as well. */
function exitWithOurCodes(command: Command): void {
  command.showHelpAfterError("(see 'fivetuple help')")
  if (asJson) command.configureOutput({ writeErr: () => {} }) // text for people
  command.exitOverride((error) => {
    const exitCode = error.exitCode === 0 ? 0 : 2
    if (asJson && exitCode === 2) process.stderr.write(jsonError(error.message.replace(/^error: /, ''), exitCode))
    process.exit(exitCode)
  })
  for (const sub of command.commands) exitWithOurCodes(sub)
}

function jsonError(error: string, exitCode: 1 | 2, errors?: readonly ConfigError[]): string {
  return `${JSON.stringify({ error, exitCode, ...(errors && { errors }) })}\n`
}
