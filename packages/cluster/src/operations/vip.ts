import { BACKEND_POLICY_NAMES } from '@fivetuple/lb-node/policies'
import type { Static } from 'typebox'
import type { CommandShape } from './command.js'
import { operation } from './operation.js'
import { limit, weights } from './parsers.js'
import { list, Name, strict } from './schemas.js'
import { change, LbVips, VipSettings } from './vip-schemas.js'

const placement = strict({ lb: Name, vip: Name })

/** Makes the command for `vip add` or `vip remove`, which take the same arguments. */
function placementCommand<R>(
  action: 'add' | 'remove',
  description: string,
  output: CommandShape<Static<typeof placement>, R>['output'],
): CommandShape<Static<typeof placement>, R> {
  return {
    words: `vip ${action}`,
    group: 'Operation:',
    description,
    arguments: [
      { sets: 'lb', description: "name of an LB, or 'all'", completes: 'lb-or-all' },
      { sets: 'vip', description: 'name or address of the VIP', completes: 'vip' },
    ],
    examples: [`vip ${action} lb-2 web`, `vip ${action} all web`],
    output,
  }
}

const placementOutput = () => import('../cli/vip-report.js').then(({ lbVipsOutput }) => lbVipsOutput)

/** Operations on VIPs: on which interfaces they are, and how their flows are balanced. */
export const vipOperations = [
  operation({
    name: 'vip.add',
    summary:
      'Puts a VIP on the interface of an LB, which announces it. Responds when the uplink switch routes accordingly.',
    method: 'PUT',
    path: '/v1/lbs/:lb/vips/:vip',
    parameters: placement,
    result: list(LbVips),
    commands: [placementCommand('add', 'put a VIP on the interface of an LB, which announces it', placementOutput)],
    run: (control, { lb, vip }) => control.vips.setVip(lb, vip, true),
  }),
  operation({
    name: 'vip.remove',
    summary:
      'Takes a VIP off the interface of an LB, which withdraws it. Responds when the uplink switch routes accordingly.',
    method: 'DELETE',
    path: '/v1/lbs/:lb/vips/:vip',
    parameters: placement,
    result: list(LbVips),
    commands: [
      placementCommand('remove', 'take a VIP off the interface of an LB, which withdraws it', placementOutput),
    ],
    run: (control, { lb, vip }) => control.vips.setVip(lb, vip, false),
  }),
  operation({
    name: 'vip.list',
    summary: "Lists the VIPs on the interface of an LB, or of all LBs ('all'), with their inhibitors.",
    method: 'GET',
    path: '/v1/lbs/:lb/vips',
    parameters: strict({ lb: Name }),
    result: list(LbVips),
    commands: [
      {
        words: 'vip list',
        group: 'Operation:',
        description: 'list the VIPs on the interfaces of LBs, with their inhibitors',
        arguments: [{ sets: 'lb', description: "name of an LB, or 'all'", fallback: 'all', completes: 'lb-or-all' }],
        examples: ['vip list', 'vip list lb-2'],
        output: placementOutput,
      },
    ],
    run: (control, { lb }) => control.vips.vips(lb),
  }),
  operation({
    name: 'vip.set',
    summary: 'Changes how new flows of a VIP are balanced, on all LBs. Sessions keep their backends.',
    method: 'PATCH',
    path: '/v1/vips/:vip',
    parameters: strict({ vip: Name, ...change }),
    result: VipSettings,
    commands: [
      {
        words: 'vip set',
        group: 'Operation:',
        description: 'change how new flows of a VIP are balanced, on all LBs; sessions keep their backends',
        arguments: [{ sets: 'vip', description: 'name or address of the VIP', completes: 'vip' }],
        options: [
          {
            flags: '--policy <policy>',
            sets: 'policy',
            description: 'how an LB chooses a backend',
            choices: BACKEND_POLICY_NAMES,
          },
          {
            flags: '--weight <backend=n>',
            sets: 'weights',
            description: 'share of new flows, 0 to 256; may be given more than once',
            parse: weights,
            completes: 'backend',
          },
          {
            flags: '--max-sessions <n>',
            sets: 'limits.maxSessions',
            description: 'most sessions on one LB; 0: no limit',
            parse: limit(16_777_216),
          },
          {
            flags: '--max-new-flows <n>',
            sets: 'limits.newFlowsPerSecond',
            description: 'most new flows a second on one LB; 0: no limit',
            parse: limit(10_000_000),
          },
        ],
        needsOption: true,
        examples: ['vip set web --policy maglev', 'vip set web --policy weighted-round-robin --weight backend-1=3'],
        output: () => import('../cli/vip-report.js').then(({ settingsOutput }) => settingsOutput),
      },
    ],
    run: (control, { vip, ...settings }) => control.vips.changeVip(vip, settings),
  }),
] as const
