import { Argument, Command } from 'commander'
import { examples, json, target, whole } from './options.js'

/** Commands that show what a running cluster does. */
export function inspectCommands(): Command[] {
  return [
    new Command('status')
      .description('show VIPs, LBs, ports, routes and counters')
      .addOption(target())
      .addOption(json())
      .addHelpText('after', examples('status', 'status --json'))
      .action(async (options) => (await import('../status.js')).status(options)),
    new Command('explain')
      .description('show which LB a flow takes, and why')
      .argument('<client>', 'source address:port')
      .argument('<vip>', "destination address:port, or a VIP's name")
      .addArgument(new Argument('[protocol]', "tcp or udp; default: the named VIP's, else tcp").choices(['tcp', 'udp']))
      .addOption(target())
      .addOption(json())
      .addHelpText('after', examples('explain 127.20.100.7:41234 127.20.10.1:8080', 'explain 127.0.0.1:50000 web'))
      .action(async (client, vip, protocol, options) =>
        (await import('../explain.js')).explain(client, vip, protocol, options),
      ),
    new Command('predict')
      .description('count the established flows that would be lost if LBs were gone: direct loss and collateral')
      .argument('<lb...>', 'names of LBs')
      .addOption(target())
      .addOption(json())
      .addHelpText('after', examples('predict lb-2', 'predict lb-2 lb-3 --json'))
      .action(async (lbs, options) => (await import('../predict.js')).predict(lbs, options)),
    new Command('sessions')
      .description('list NAT sessions')
      .argument('[lb]', "an LB's name, or 'all'", 'all')
      .option('--vip <vip>', 'only those of this VIP')
      .option('--limit <n>', 'at most so many of each LB', whole(1, 99_999), 100)
      .addOption(target())
      .addOption(json())
      .addHelpText('after', examples('sessions', 'sessions lb-2 --vip web --limit 1000 --json'))
      .action(async (lb, options) => (await import('../sessions.js')).sessions(lb, options)),
    new Command('health')
      .description('show how each LB sees the backends of each VIP')
      .addOption(target())
      .addOption(json())
      .addHelpText('after', examples('health'))
      .action(async (options) => (await import('../health.js')).health(options)),
  ]
}
