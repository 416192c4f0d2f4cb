import { benchProgram } from '@fivetuple/bench'
import { CommanderError } from 'commander'
import t from 'tap'

/** Everything that the command line answers to these words, without running a bench. */
async function reply(...words: string[]): Promise<{ code: string; text: string }> {
  let text = ''
  const program = benchProgram()
  const collect = (part: string): void => {
    text += part
  }
  for (const command of [program, ...program.commands])
    command
      .exitOverride()
      .configureOutput({ writeOut: collect, writeErr: collect })
      .hook('preAction', () => {
        throw new CommanderError(0, 'would-run', '')
      })
  const error = await program.parseAsync(words, { from: 'user' }).then(
    () => undefined,
    (reason: CommanderError) => reason,
  )
  return { code: error?.code ?? 'none', text }
}

t.test('each command has a help of its own, in the form that a reader types', async (t) => {
  const names = benchProgram().commands.map((command) => command.name())
  t.ok(names.includes('cards') && names.includes('vrrp') && names.length >= 10)
  for (const name of names) t.match((await reply(name, '--help')).text, `Usage: bench ${name}`)
})

t.test('options have limits, and each command only its own', async (t) => {
  t.equal((await reply('cards', '--cards', '3', '--rounds', '2')).code, 'would-run')
  t.equal((await reply('cards', '--cards', '1')).code, 'commander.invalidArgument')
  t.equal((await reply('vrrp', '--seconds', '0')).code, 'commander.invalidArgument')
  t.equal((await reply('micro', '--lbs', '3')).code, 'commander.unknownOption')
  t.equal((await reply('against')).code, 'commander.missingArgument')
  t.equal((await reply('draw', 'a.json', 'b.json')).code, 'would-run')
})

t.test('an unknown command is an error that lists how to get help', async (t) => {
  const { code, text } = await reply('card')
  t.equal(code, 'commander.unknownCommand')
  t.match(text, /Did you mean cards\?/)
})
