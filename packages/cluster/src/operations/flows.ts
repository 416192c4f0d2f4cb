import { OUTCOME_NAMES } from '@fivetuple/flow-records'
import type { Static } from 'typebox'
import { type CommandShape, UsageError } from './command.js'
import { FLOWS_MAX, FlowList, FlowQuery } from './flow-schemas.js'
import { operation } from './operation.js'
import { duration, whole } from './parsers.js'

const command: CommandShape<Static<typeof FlowQuery>, Static<typeof FlowList>> = {
  words: 'flows',
  group: 'Inspection:',
  description: 'count the flows of clients by outcome, and list them',
  options: [
    { flags: '--outcome <outcomes>', sets: 'outcome', description: 'only these, separated by commas', parse: outcomes },
    { flags: '--vip <vip>', sets: 'vip', description: 'only flows of this VIP', completes: 'vip' },
    { flags: '--lb <lb>', sets: 'lb', description: 'only flows that this LB has had at any time', completes: 'lb' },
    { flags: '--client <address>', sets: 'client', description: 'only flows of this address, or address:port' },
    {
      flags: '--since <duration>',
      sets: 'sinceMs',
      description: 'only flows alive since then, as in 30s',
      parse: duration,
    },
    {
      flags: '--limit <n>',
      sets: 'limit',
      description: 'most flows listed, the newest',
      parse: whole(0, FLOWS_MAX),
      fallback: 20,
    },
    {
      flags: '--before <n>',
      sets: 'before',
      description: 'list flows with lower numbers',
      parse: whole(1, 999_999_999),
    },
  ],
  formats: ['csv'],
  examples: [
    'flows',
    'flows --outcome broken-by-rehash,lost-with-its-lb --since 1m',
    'flows --lb lb-2 --limit 1000 --csv',
    'flows --client 127.20.100.7:41234 --json',
  ],
  output: () => import('../cli/flows-report.js').then(({ flowsOutput }) => flowsOutput),
}

/** Operations on the records of flows. */
export const flowsOperations = [
  operation({
    name: 'flows',
    summary: 'Counts the flows of clients by outcome, and lists the newest ones of a selection.',
    method: 'GET',
    path: '/v1/flows',
    parameters: FlowQuery,
    result: FlowList,
    commands: [command],
    run: (control, query) => control.flows.list(query),
  }),
] as const

function outcomes(text: string): string[] {
  const names = text.split(',')
  for (const name of names)
    if (!OUTCOME_NAMES.some((known) => known === name))
      throw new UsageError(`there is no outcome '${name}'; there are ${OUTCOME_NAMES.join(', ')}`)
  return names
}
