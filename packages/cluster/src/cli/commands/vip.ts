import { BACKEND_POLICY_NAMES } from '@fivetuple/lb-node/policies'
import { Command, InvalidArgumentError, Option } from 'commander'
import { examples, json, target, whole } from './options.js'

/** `fivetuple vip ...` */
export function vipCommand(): Command {
  const vip = new Command('vip').description("VIPs on LBs' interfaces: what is on an interface is served and announced")
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
      .addOption(json())
      .addHelpText('after', examples(`vip ${name} lb-2 web`, `vip ${name} all web`))
      .action(async (lb, vip, options) => (await import('../vip.js')).setVip(lb, vip, name === 'add', options))
  vip
    .command('list')
    .description("show the VIPs on LBs' interfaces, and what holds any back")
    .argument('[lb]', "an LB's name, or 'all'", 'all')
    .addOption(target())
    .addOption(json())
    .addHelpText('after', examples('vip list', 'vip list lb-2'))
    .action(async (lb, options) => (await import('../vip.js')).listVips(lb, options))
  vip
    .command('set')
    .description("change how a VIP's new flows are balanced, on all LBs; sessions stay")
    .argument('<vip>', "the VIP's name or address")
    .addOption(new Option('--policy <policy>', 'how an LB chooses a backend').choices(BACKEND_POLICY_NAMES))
    .option('--weight <backend=n>', 'share of new flows, 0 to 256; may be given more than once', weights, {})
    .option('--max-sessions <n>', 'most sessions on one LB; 0: no limit', whole(0, 16_777_216))
    .option('--max-new-flows <n>', 'most new flows a second on one LB; 0: no limit', whole(0, 10_000_000))
    .addOption(target())
    .addOption(json())
    .addHelpText(
      'after',
      examples('vip set web --policy maglev', 'vip set web --policy weighted-round-robin --weight backend-1=3'),
    )
    .action(async (vip, options) => (await import('../vip.js')).changeVip(vip, options))
  return vip
}

/** Collects `name=n`. */
function weights(text: string, before: Record<string, number>): Record<string, number> {
  const [, name, number] = /^([^=]+)=(\d{1,3})$/.exec(text) ?? []
  if (name === undefined || Number(number) > 256)
    throw new InvalidArgumentError('a backend and a number from 0 to 256 are needed, as in backend-1=3')
  return { ...before, [name]: Number(number) }
}
