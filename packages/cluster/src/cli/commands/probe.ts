import { Command, Option } from 'commander'
import { examples, json, target } from './options.js'

/**
 * Commands that measure. They send requests of their own, so they are no operations of the control
 * API. Values are parsed when a command runs, with the modules that it loads.
 */
export function probeCommands(): Command[] {
  return [
    new Command('probe')
      .description('send requests at fixed times, and report latency, failures, recovery, and the LB of each flow')
      .argument(
        '[target...]',
        'names of VIPs, addresses with ports, or http, tcp and udp URLs (default: the first VIP)',
      )
      .option('-r, --rate <n>', 'requests per second to each target', '100')
      .option('-s, --seconds <n>', 'duration', '10')
      .option('-n, --count <n>', 'largest number of requests to each target')
      .option('-c, --connections <n>', 'keep-alive connections to each target, which take turns', '10')
      .addOption(new Option('--new-connections', 'a new connection for each request').conflicts('connections'))
      .option('--body-up <size>', 'body of each request, or payload of each echo, as in 1MiB')
      .option('--body-down <size>', 'body of each response of a backend, as in 1MiB')
      .option('--udp', 'UDP echo instead of HTTP; the default for UDP VIPs')
      .addOption(new Option('--tcp-echo', 'echo over raw TCP instead of HTTP').conflicts('udp'))
      .option('--from <cidr>', 'pool of source addresses (default: the client pool of the cluster)')
      .option('--seed <n>', 'seed of sources: the same one gives the same five-tuples (default: a random one)')
      .option('-t, --timeout <duration>', 'timeout of a request, from its due time', '5s')
      .option('--plan', 'list the five-tuples and the LB that each will take, and send nothing')
      .option('--flows', 'with --json: list every flow, recovery and client')
      .option(
        '--hdr <file>',
        'write latencies as an HdrHistogram log (V2), or as percentiles if the file ends in .hgrm',
      )
      .addOption(target())
      .addOption(json())
      .addHelpText(
        'after',
        examples(
          'probe web --rate 1000 --connections 200 --seconds 30',
          'probe web api --new-connections --seed 7',
          'probe web --connections 8 --seed 7 --plan',
        ),
      )
      .action(async (targets, options) => (await import('../probe.js')).probe(targets, options)),
  ]
}
