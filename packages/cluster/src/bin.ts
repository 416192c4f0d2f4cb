#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander'
import { CliError } from './cli/cli-error.js'

/** Exit codes: 0 done, 1 it failed, 2 it was asked wrongly. */
const program = new Command('fivetuple')
  .description(
    'An ECMP load-balancer cluster on one machine: real HTTP, TCP and UDP through a layer-3 switch and N active LBs',
  )
  .version('0.1.0')
  .showHelpAfterError("(see 'fivetuple help')")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))

program
  .command('up')
  .description('start a cluster and keep it running until Ctrl-C')
  .option('-f, --file <cluster.yaml>', 'configuration; without it: 4 LBs, 4 backends, VIPs web and api')
  .option('--lbs <n>', 'number of LBs, over what the configuration says', count)
  .option('--backends <n>', 'number of backends, over what the configuration says', count)
  .option('--block <cidr>', "the loopback /16 to run in, or 'auto' for a free one (default: 127.20.0.0/16)")
  .option('--no-checks', 'check no backends: for measurements in which every connection counts')
  .option('--json', 'one line of JSON per event instead of text')
  .option('--stdin', 'stop when standard input ends: for a program that starts a cluster and may die')
  .addHelpText(
    'after',
    '\nExamples:\n  fivetuple up\n  fivetuple up --lbs 8 --block auto\n  fivetuple up -f examples/two-vips.yaml --json',
  )
  .action(async (options) => (await import('./cli/up.js')).up(options))

program
  .command('status')
  .description('show ports, routes, sessions and counters of a running cluster')
  .addOption(target())
  .option('--json', 'everything as one JSON document')
  .action(async (options) => (await import('./cli/status.js')).status(options))

program
  .command('explain')
  .description('tell which LB a flow takes, and why')
  .argument('<client>', 'source address:port')
  .argument('<vip>', "destination address:port, or a VIP's name")
  .argument('[protocol]', 'tcp or udp', protocol, 'tcp')
  .addOption(target())
  .option('--json', 'as one JSON document')
  .addHelpText('after', '\nExample:\n  fivetuple explain 127.20.100.7:41234 127.20.10.1:8080')
  .action(async (client, vip, protocol, options) =>
    (await import('./cli/explain.js')).explain(client, vip, protocol, options),
  )

const vip = program
  .command('vip')
  .description("VIPs on LBs' interfaces: what is on an interface is served and announced")
const vipExample = '\nExamples:\n  fivetuple vip remove lb-2 web\n  fivetuple vip add all web\n  fivetuple vip list all'
for (const [name, description] of [
  ['add', "put a VIP on an LB's interface: the LB announces it"],
  ['remove', "take a VIP off an LB's interface: the LB withdraws it"],
] as const)
  vip
    .command(name)
    .description(description)
    .argument('<lb>', "an LB's name, or 'all'")
    .argument('<vip>', "the VIP's name or address")
    .addOption(target())
    .option('--json', 'as one JSON document')
    .addHelpText('after', vipExample)
    .action(async (lb, vip, options) => (await import('./cli/vip.js')).setVip(lb, vip, name === 'add', options))
vip
  .command('list')
  .description("show the VIPs on LBs' interfaces")
  .argument('[lb]', "an LB's name, or 'all'", 'all')
  .addOption(target())
  .option('--json', 'as one JSON document')
  .action(async (lb, options) => (await import('./cli/vip.js')).listVips(lb, options))

function target(): Option {
  return new Option('--block <cidr>', 'which running cluster; needed only when there are several')
}

function count(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text) || Number(text) > 250)
    throw new InvalidArgumentError('a whole number from 1 to 250 is needed')
  return Number(text)
}

function protocol(text: string): string {
  if (text !== 'tcp' && text !== 'udp') throw new InvalidArgumentError("it is 'tcp' or 'udp'")
  return text
}

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`fivetuple: ${(error as Error).message}\n`)
  process.exitCode = error instanceof CliError ? error.exitCode : 1
}
