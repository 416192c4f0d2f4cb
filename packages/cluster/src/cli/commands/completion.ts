import { Argument, Command } from 'commander'
import type { NameKind } from '../../operations/command.js'
import { examples } from './options.js'

/** Commands for completion: `fivetuple completion`, and the one that its scripts call. */
export function completionCommands(): Command[] {
  return [
    new Command('completion')
      .description('print a script that lets a shell complete commands, and names of the running cluster')
      .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
      .addHelpText('after', examples('completion bash > ~/.local/share/bash-completion/completions/fivetuple'))
      .action(async (shell) => (await import('../completion.js')).printCompletionScript(shell)),
  ]
}

/** Prints the candidates for the next word of a command line. Never fails. */
export function completeCommand(program: Command, completes: ReadonlyMap<object, NameKind>): Command {
  return new Command('complete')
    .argument('[words...]', 'the words so far, the last of which is to be completed')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: string[]) => (await import('../completion.js')).printCandidates(program, completes, words))
}
