import { Command } from 'commander'
import { OPERATIONS, type Registry } from '../operations/registry.js'
import { clusterCommands } from './commands/cluster.js'
import { completeCommand, completionCommands } from './commands/completion.js'
import { operationCommands, type SendOperation } from './commands/operations.js'
import { probeCommands } from './commands/probe.js'
import { scenarioCommands } from './commands/scenario.js'

/**
 * Builds the `fivetuple` command. Each command loads its modules when it is run, since start-up
 * time matters.
 * @param send default: to the running cluster
 */
export function fivetupleCommand(operations: Registry = OPERATIONS, send: SendOperation = sendToCluster): Command {
  const program = new Command('fivetuple')
    .description(
      'An ECMP load-balancer cluster on one machine: real HTTP, TCP and UDP through a layer-3 switch and N active LBs',
    )
    .version('0.1.0')
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 invalid usage. Manual: docs/ of the project.')
  for (const command of clusterCommands()) program.addCommand(command.helpGroup('Cluster:'))
  for (const command of scenarioCommands()) program.addCommand(command.helpGroup('Scenarios:'))
  const { commands, completes } = operationCommands(operations, send)
  for (const command of commands) program.addCommand(command)
  for (const command of probeCommands()) program.addCommand(command.helpGroup('Measurement:'))
  for (const command of completionCommands()) program.addCommand(command.helpGroup('Shell:'))
  program.addCommand(completeCommand(program, completes), { hidden: true })
  return program
}

const sendToCluster: SendOperation = async (...input) => (await import('./run-operation.js')).runOperation(...input)
