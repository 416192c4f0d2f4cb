import { Command } from 'commander'
import { examples, json, target, whole } from './options.js'

const FILE = '-f, --file <cluster.yaml>'

/** Commands about a cluster as a whole. */
export function clusterCommands(): Command[] {
  return [
    new Command('up')
      .description('start a cluster and keep it running until Ctrl-C')
      .option(FILE, 'configuration, - for standard input; without it: 4 LBs, 4 backends, VIPs web and api')
      .option('--lbs <n>', 'number of LBs; overrides the configuration', whole(1, 250))
      .option('--backends <n>', 'number of backends; overrides the configuration', whole(1, 250))
      .option('--block <cidr>', "the loopback /16 to run in, or 'auto' for a free one (default: 127.20.0.0/16)")
      .option('--no-checks', 'check no backends: for measurements in which every connection counts')
      .option('--json', 'one line of JSON per event instead of text')
      .option('--stdin', 'stop when standard input ends: for a program that starts a cluster and may die')
      .addHelpText('after', examples('up', 'up --lbs 8 --block auto', 'up -f examples/two-vips.yaml --json'))
      .action(async (options) => (await import('../up.js')).up(options)),
    new Command('down')
      .description('stop a running cluster, from another terminal')
      .addOption(target())
      .addOption(json())
      .addHelpText('after', examples('down', 'down --block 127.20.0.0/16'))
      .action(async (options) => (await import('../down.js')).down(options)),
    new Command('check')
      .description('show all errors and warnings of a configuration, and what it would start; nothing is started')
      .option(FILE, 'configuration, - for standard input; without it: the default cluster')
      .addOption(json())
      .addHelpText('after', examples('check -f cluster.yaml'))
      .action(async (options) => (await import('../check.js')).check(options)),
  ]
}
