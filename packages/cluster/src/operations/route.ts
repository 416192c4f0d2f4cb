import { flapFields } from '../launcher/faults/route-faults.js'
import { FaultReport } from './fault-report-schema.js'
import { forOption, lasting } from './lasting.js'
import { operation } from './operation.js'
import { duration } from './parsers.js'
import { Name, strict } from './schemas.js'

const output = () => import('../cli/fault-report.js').then(({ reportOutput }) => reportOutput)
const routeArguments = [
  { sets: 'lb', description: 'name of the LB', completes: 'lb' },
  { sets: 'vip', description: 'name or address of the VIP', completes: 'vip' },
] as const

/** Faults of the routes of VIPs via LBs. */
export const routeOperations = [
  operation({
    name: 'route.withhold',
    summary: 'Lets an LB withdraw the route of a VIP that stays on its interface.',
    method: 'PUT',
    path: '/v1/lbs/:lb/vips/:vip/route/withheld',
    parameters: strict({ lb: Name, vip: Name, ...lasting }),
    result: FaultReport,
    commands: [
      {
        words: 'route withhold',
        group: 'Faults:',
        description: 'let an LB withdraw the route of a VIP that stays on its interface',
        arguments: routeArguments,
        options: [forOption],
        examples: ['route withhold lb-2 web', 'route withhold lb-2 web --for 10s'],
        output,
      },
    ],
    run: (control, { lb, vip, forMs }) =>
      control.faults.inject([{ kind: 'route-withheld', role: lb, vip }], { author: control.author, forMs }),
  }),
  operation({
    name: 'route.flap',
    summary: 'Lets an LB withdraw and announce the route of a VIP in turn.',
    method: 'PUT',
    path: '/v1/lbs/:lb/vips/:vip/route/flap',
    parameters: strict({ lb: Name, vip: Name, ...flapFields, ...lasting }),
    result: FaultReport,
    commands: [
      {
        words: 'route flap',
        group: 'Faults:',
        description: 'let an LB withdraw and announce the route of a VIP in turn',
        arguments: routeArguments,
        options: [
          {
            flags: '--down <duration>',
            sets: 'downMs',
            description: 'withdrawn, first',
            parse: duration,
            fallback: 1_000,
          },
          { flags: '--up <duration>', sets: 'upMs', description: 'announced', parse: duration, fallback: 1_000 },
          forOption,
        ],
        examples: ['route flap lb-2 web', 'route flap lb-2 web --down 500ms --up 2s --for 30s'],
        output,
      },
    ],
    run: (control, { lb, vip, upMs, downMs, forMs }) =>
      control.faults.inject([{ kind: 'route-flap', role: lb, vip, upMs, downMs }], { author: control.author, forMs }),
  }),
] as const
