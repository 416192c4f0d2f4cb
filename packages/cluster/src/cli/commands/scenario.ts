import { Command } from 'commander'
import { examples, json, whole } from './options.js'

/** Commands that run scenarios. */
export function scenarioCommands(): Command[] {
  return [
    new Command('run')
      .description('run a scenario: a cluster of its own, a load, changes at their times, and assertions')
      .argument('<file>', 'scenario, - for standard input')
      .option('--check', 'show all errors of the file; nothing is started')
      .option('--set <path=value>', 'change a setting; may be repeated', collect)
      .option('--seed <n>', 'seed instead of that of the file', whole(0, 4_294_967_295))
      .addOption(json())
      .addHelpText(
        'after',
        examples(
          'run scenario.yaml',
          'run scenario.yaml --set ecmp.selection=maglev --set lbs=8',
          'run scenario.yaml --check',
        ),
      )
      .action(async (file, options) => (await import('../run-scenario.js')).runScenarioFile(file, options)),
  ]
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
