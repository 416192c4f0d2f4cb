import { LinkSide } from '../launcher/faults/links.js'
import { FaultReport } from './fault-report-schema.js'
import { forOption, lasting } from './lasting.js'
import { operation } from './operation.js'
import { Name, strict } from './schemas.js'

const output = () => import('../cli/fault-report.js').then(({ reportOutput }) => reportOutput)

/** Faults of BGP sessions. */
export const bgpOperations = [
  operation({
    name: 'bgp.reset',
    summary: 'Ends a BGP session by Cease, Administrative Reset (RFC 4486), sent by the role. It starts again.',
    method: 'POST',
    path: '/v1/roles/:role/bgp/:neighbor/reset',
    parameters: strict({ role: Name, neighbor: Name }),
    result: FaultReport,
    commands: [
      {
        words: 'bgp reset',
        group: 'Faults:',
        description: 'end a BGP session by Cease, Administrative Reset; it starts again',
        arguments: [
          { sets: 'role', description: 'LB or switch that ends it', completes: 'role' },
          {
            sets: 'neighbor',
            description: 'its neighbour: uplink or downlink of an LB, an LB or an external neighbour of a switch',
            completes: 'role',
          },
        ],
        examples: ['bgp reset lb-2 uplink', 'bgp reset uplink lb-2'],
        output,
      },
    ],
    run: (control, { role, neighbor }) => control.faults.trigger({ kind: 'bgp-reset', role, neighbor }, control.author),
  }),
  operation({
    name: 'bgp.mute',
    summary: 'Lets an LB send neither KEEPALIVE nor UPDATE to a switch, so that the hold timer of the switch expires.',
    method: 'PUT',
    path: '/v1/lbs/:lb/bgp/:side/mute',
    parameters: strict({ lb: Name, side: LinkSide, ...lasting }),
    result: FaultReport,
    commands: [
      {
        words: 'bgp mute',
        group: 'Faults:',
        description: 'let an LB send no KEEPALIVE and no UPDATE, so that the hold timer of a switch expires',
        arguments: [
          { sets: 'lb', description: 'name of the LB', completes: 'lb' },
          { sets: 'side', description: 'switch that hears nothing', choices: ['uplink', 'downlink'] },
        ],
        options: [forOption],
        examples: ['bgp mute lb-2 uplink', 'bgp mute lb-2 uplink --for 30s'],
        output,
      },
    ],
    run: (control, { lb, side, forMs }) =>
      control.faults.inject([{ kind: 'bgp-mute', role: lb, side }], { author: control.author, forMs }),
  }),
] as const
