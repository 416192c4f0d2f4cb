import type { Static } from 'typebox'
import type { CommandShape } from './command.js'
import { FaultReport, LinkSides } from './fault-schemas.js'
import { operation } from './operation.js'
import { Name, strict } from './schemas.js'

/** Time in which the routes of an LB are back, or the launcher gives up, with a margin, ms. */
const RECOVERY_TIMEOUT_MS = 40_000

const Links = strict({ lb: Name, side: LinkSides })

function linkCommand(
  action: 'down' | 'up',
  description: string,
): CommandShape<Static<typeof Links>, Static<typeof FaultReport>> {
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
    examples: [`link ${action} lb-2`, `link ${action} lb-2 downlink`],
    output: () => import('../cli/fault-report.js').then(({ reportOutput }) => reportOutput),
  }
}

/** Links between LBs and switches. */
export const linkOperations = [
  operation({
    name: 'link.down',
    summary: 'Takes links of an LB down: no carrier at either end, and its redials are refused.',
    method: 'PUT',
    path: '/v1/lbs/:lb/links/:side/down',
    parameters: Links,
    result: FaultReport,
    commands: [linkCommand('down', 'take links of an LB down: no carrier, and its redials are refused')],
    run: (control, { lb, side }) => control.faults.takeLinksDown(lb, side),
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
    run: (control, { lb, side }) => control.faults.bringLinksUp(lb, side),
  }),
] as const
