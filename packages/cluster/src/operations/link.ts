import * as Type from 'typebox'
import type { LinkSide } from '../launcher/faults/links.js'
import type { CommandShape } from './command.js'
import { FaultReport } from './fault-report-schema.js'
import { forOption, lasting } from './lasting.js'
import { operation } from './operation.js'
import { Name, strict } from './schemas.js'

/**
 * Longest time until the routes of an LB are back or the launcher's own timeout ends, with a
 * margin, ms.
 */
const RECOVERY_TIMEOUT_MS = 40_000

/** One or both links of an LB. */
const LinkSides = Type.Enum(['uplink', 'downlink', 'both'], { title: 'uplink, downlink or both' })
const Links = strict({ lb: Name, side: LinkSides })
const Down = strict({ ...Links.properties, ...lasting })

function linkCommand(
  action: 'down' | 'up',
  description: string,
  how: Pick<CommandShape<Type.Static<typeof Down>>, 'options'> = {},
): CommandShape<Type.Static<typeof Links>, Type.Static<typeof FaultReport>> {
  return {
    words: `link ${action}`,
    group: 'Faults:',
    description,
    arguments: [
      { sets: 'lb', description: 'name of the LB', completes: 'lb' },
      {
        sets: 'side',
        description: 'switch at the other end',
        choices: ['uplink', 'downlink', 'both'],
        fallback: 'both',
      },
    ],
    ...how,
    examples: [`link ${action} lb-2`, `link ${action} lb-2 downlink`],
    output: () => import('../cli/fault-report.js').then(({ reportOutput }) => reportOutput),
  }
}

/** Operations on links between LBs and switches. */
export const linkOperations = [
  operation({
    name: 'link.down',
    summary: 'Takes links of an LB down: no carrier at either end, and its redials are refused.',
    method: 'PUT',
    path: '/v1/lbs/:lb/links/:side/down',
    parameters: Down,
    result: FaultReport,
    commands: [
      linkCommand('down', 'take links of an LB down: no carrier, and its redials are refused', {
        options: [forOption],
      }),
    ],
    run: (control, { lb, side, forMs }) =>
      control.faults.inject(linksDown(lb, side), { author: control.author, forMs }),
  }),
  operation({
    name: 'link.up',
    summary: 'Brings links of an LB up; responds when its routes are back, unless it is inhibited.',
    method: 'DELETE',
    path: '/v1/lbs/:lb/links/:side/down',
    parameters: Links,
    result: FaultReport,
    timeoutMs: RECOVERY_TIMEOUT_MS,
    commands: [linkCommand('up', 'bring links of an LB up; done when its routes are back')],
    run: (control, { lb, side }) => control.faults.clear(linksDown(lb, side), control.author),
  }),
] as const

function linksDown(lb: string, side: Type.Static<typeof LinkSides>) {
  const down = (of: LinkSide) => ({ kind: 'link-down', role: lb, side: of }) as const
  return side === 'both' ? ([down('uplink'), down('downlink')] as const) : ([down(side)] as const)
}
