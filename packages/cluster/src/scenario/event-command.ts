import type { Operation } from '../operations/operation.js'
import type { Registry } from '../operations/registry.js'
import { commandWords } from './command-words.js'

/** Operation that a command line sends, or the reason why it sends none. */
export type EventCommand =
  | { readonly ok: true; readonly operation: Operation; readonly parameters: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: string; readonly remedy: string }

/**
 * Parses an event's command as the command line of `fivetuple` does: by the same registry, so each
 * operation that changes the cluster can be an event.
 */
export async function parseEventCommand(text: string, registry: Registry): Promise<EventCommand> {
  const split = commandWords(text)
  if (!split.ok) return { ok: false, problem: split.problem, remedy: 'write a command such as kill lb-2' }
  const { Command } = await import('commander')
  const { operationCommands } = await import('../cli/commands/operations.js')
  let sent: { readonly operation: Operation; readonly parameters: Readonly<Record<string, unknown>> } | undefined
  const { commands } = operationCommands(registry, async (operation, _shape, parameters) => {
    sent = { operation, parameters }
  })
  let message = ''
  const program = new Command('fivetuple')
  for (const command of commands) program.addCommand(command)
  for (const command of everyCommand(program))
    command
      .exitOverride()
      .helpCommand(false)
      .configureOutput({ writeOut: () => {}, writeErr: (line) => (message += line) })
  try {
    await program.parseAsync([...split.words], { from: 'user' })
  } catch (error) {
    const told = message
      .replace(/^error: /, '')
      .trim()
      .split('\n')[0]
    return {
      ok: false,
      problem: `is no command: ${told || (error as Error).message}`,
      remedy: "see 'fivetuple --help'",
    }
  }
  if (sent === undefined)
    return { ok: false, problem: 'is not a whole command', remedy: `see 'fivetuple ${split.words[0]} --help'` }
  if (sent.operation.method === 'GET')
    return {
      ok: false,
      problem: 'changes nothing',
      remedy: 'events change the cluster; what is seen of them is in the report',
    }
  return { ok: true, ...sent }
}

type CommandTree = { readonly commands: readonly CommandTree[] }

function everyCommand<C extends CommandTree>(command: C): C[] {
  return [command, ...command.commands.flatMap((child) => everyCommand(child as C))]
}
