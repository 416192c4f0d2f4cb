import { Command } from 'commander'
import { ApiError } from './api/problem.js'
import { CliError } from './cli/cli-error.js'
import { clusterCommands } from './cli/commands/cluster.js'
import { completeCommand, completionCommands } from './cli/commands/completion.js'
import { serviceCommand } from './cli/commands/drain.js'
import { addBackendFaults, addLbFaults, faultCommands } from './cli/commands/fault.js'
import { inspectCommands } from './cli/commands/inspect.js'
import { vipCommand } from './cli/commands/vip.js'

// Commands only say what they take; each loads what it does when it is run, since start-up time matters.
const program = new Command('fivetuple')
  .description(
    'An ECMP load-balancer cluster on one machine: real HTTP, TCP and UDP through a layer-3 switch and N active LBs',
  )
  .version('0.1.0')
  .addHelpText('after', '\nExit codes: 0 done, 1 it failed, 2 it was asked wrongly. Manual: docs/ of the project.')
  .showHelpAfterError("(see 'fivetuple help')")

for (const [group, commands] of [
  ['Cluster:', clusterCommands()],
  ['What it does:', inspectCommands()],
  ['Operation:', [vipCommand(), addLbFaults(serviceCommand('lb')), addBackendFaults(serviceCommand('backend'))]],
  ['Failures:', faultCommands()],
  ['Shell:', completionCommands()],
] as const)
  for (const command of commands) program.addCommand(command.helpGroup(group))
program.addCommand(completeCommand(program), { hidden: true })
exitWithOurCodes(program)
process.stdout.on('error', onLost)
process.stderr.on('error', () => {})

try {
  await program.parseAsync()
} catch (error) {
  const { message } = error as Error
  const exitCode = exitCodeOf(error)
  const asJson = process.argv.includes('--json')
  process.stderr.write(asJson ? `${JSON.stringify({ error: message, exitCode })}\n` : `fivetuple: ${message}\n`)
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

/** A command line that makes no sense ends with 2, in every command. */
function exitWithOurCodes(command: Command): void {
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  for (const sub of command.commands) exitWithOurCodes(sub)
}
