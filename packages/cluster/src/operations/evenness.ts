import { COUNT_MAX, EvennessRequest, LISTED_FLOWS_MAX } from './evenness-parameters.js'
import { flowFile } from './flow-file.js'
import { operation } from './operation.js'
import { whole } from './parsers.js'
import { SEED_MAX } from './predict-parameters.js'
import { lazily } from './schemas.js'

const COUNT_DEFAULT = 10_000
/** About 100 bytes for each listed flow, twice. */
const BODY_MAX_BYTES = 4 * 1024 * 1024
/** Twenty requests to the uplink switch, each of which may wait for a busy event loop. */
const TIMEOUT_MS = 30_000

/** Operation that explains many flows at once. */
export const evennessOperations = [
  operation({
    name: 'evenness',
    summary:
      'Reports the LBs that many flows would take if they began now, with shares, chi-square and the overload of the worst LB. Flows are listed, or drawn from a pool by a seed. Changes nothing.',
    method: 'POST',
    path: '/v1/evenness',
    parameters: EvennessRequest,
    bodyMaxBytes: BODY_MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
    result: lazily(() => import('./evenness-schemas.js').then(({ Evenness }) => Evenness)),
    commands: [
      {
        words: 'evenness',
        group: 'Inspection:',
        description: 'explain many flows at once: shares per LB, chi-square, overload of the worst LB',
        arguments: [
          {
            sets: 'vip',
            description: 'name of a VIP, or address:port (default: the first VIP)',
            completes: 'vip',
            isOptional: true,
          },
        ],
        options: [
          {
            flags: '-n, --flows <n>',
            sets: 'count',
            description: `number of flows that are drawn (default: ${COUNT_DEFAULT})`,
            parse: whole(1, COUNT_MAX),
          },
          {
            flags: '--seed <n>',
            sets: 'seed',
            description: 'seed of the sources: the same one gives the same five-tuples (default: a random one)',
            parse: whole(0, SEED_MAX),
          },
          { flags: '--from <cidr>', description: 'pool of the sources (default: the client pool)', sets: 'from' },
          {
            flags: '-f, --file <file>',
            sets: 'flows',
            description: `up to ${LISTED_FLOWS_MAX} flows in JSON lines or CSV, - for standard input, instead of drawn ones`,
            parse: (path) => flowFile(path, LISTED_FLOWS_MAX),
          },
          { flags: '--each', sets: 'each', description: 'list the LB of each flow, too' },
        ],
        examples: ['evenness', 'evenness web --flows 100000 --seed 1', 'evenness web --flows 4 --seed 1 --each --json'],
        output: () => import('../cli/evenness-report.js').then(({ evennessOutput }) => evennessOutput),
      },
    ],
    run: (control, request) => control.status.evenness({ count: COUNT_DEFAULT, ...request }),
  }),
] as const
