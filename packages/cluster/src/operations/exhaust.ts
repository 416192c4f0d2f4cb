import { ExhaustibleResource } from '../launcher/faults/exhausted-resource.js'
import { FaultReport } from './fault-report-schema.js'
import { forOption, lasting } from './lasting.js'
import { operation } from './operation.js'
import { whole } from './parsers.js'
import { Count, Name, optional, strict } from './schemas.js'

/** Faults of the resources of LBs. */
export const exhaustOperations = [
  operation({
    name: 'lb.exhaust',
    summary: 'Leaves an LB few source ports per backend, or few sessions; flows that it has stay.',
    method: 'PUT',
    path: '/v1/lbs/:lb/exhausted/:resource',
    parameters: strict({ lb: Name, resource: ExhaustibleResource, leave: optional(Count), ...lasting }),
    result: FaultReport,
    commands: [
      {
        words: 'exhaust',
        group: 'Faults:',
        description: 'leave an LB few source ports per backend, or few sessions; flows that it has stay',
        arguments: [
          { sets: 'lb', description: 'name of the LB', completes: 'lb' },
          { sets: 'resource', description: 'resource that becomes scarce', choices: ['ports', 'sessions'] },
        ],
        options: [
          {
            flags: '--leave <n>',
            sets: 'leave',
            description: 'number that stays usable (default: 0)',
            parse: whole(0, 16_777_216),
          },
          forOption,
        ],
        examples: ['exhaust lb-2 ports', 'exhaust lb-2 sessions --leave 100 --for 30s'],
        output: () => import('../cli/fault-report.js').then(({ reportOutput }) => reportOutput),
      },
    ],
    run: (control, { lb, resource, leave = 0, forMs }) =>
      control.faults.inject([{ kind: 'exhausted', role: lb, resource, leave }], { author: control.author, forMs }),
  }),
] as const
