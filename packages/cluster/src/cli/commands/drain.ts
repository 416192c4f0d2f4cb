import { Command } from 'commander'
import { duration, examples, json, target } from './options.js'

const WORDS = {
  lb: { description: 'LBs: take them out of service and put them back', example: 'lb-2' },
  backend: { description: 'backends: take them out of service and put them back', example: 'backend-3' },
} as const

/** `fivetuple lb ...` or `fivetuple backend ...` */
export function serviceCommand(kind: 'lb' | 'backend'): Command {
  const { description, example } = WORDS[kind]
  const command = new Command(kind).description(description)
  command
    .command('drain')
    .description(`keep new flows from ${kind === 'lb' ? 'an LB' : 'a backend'} and wait until it is empty`)
    .argument(`<${kind}>`, 'its name')
    .option('--deadline <duration>', 'longest wait; sessions are left then, too (exit code 1)', duration, 60_000)
    .option('--no-wait', "don't wait")
    .addOption(target())
    .addOption(json())
    .addHelpText('after', examples(`${kind} drain ${example}`, `${kind} drain ${example} --deadline 5m`))
    .action(async (name, options) => (await import('../drain.js')).drain(kind, name, options))
  command
    .command('undrain')
    .description(`let new flows come again`)
    .argument(`<${kind}>`, 'its name')
    .addOption(target())
    .addOption(json())
    .addHelpText('after', examples(`${kind} undrain ${example}`))
    .action(async (name, options) => (await import('../drain.js')).undrain(kind, name, options))
  return command
}
