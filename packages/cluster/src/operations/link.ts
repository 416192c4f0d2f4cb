import type * as Type from 'typebox'
import type { CommandShape } from './command.js'
import { FaultReport } from './fault-report-schema.js'
import { forOption, lasting } from './lasting.js'
import { LinkSides, linkArguments, linksDown, RECOVERY_TIMEOUT_MS } from './link-parameters.js'
import { operation } from './operation.js'
import { Name, strict } from './schemas.js'

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
    arguments: linkArguments,
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
