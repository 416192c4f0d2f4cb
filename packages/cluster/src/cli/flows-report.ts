import { OUTCOME_NAMES } from '@fivetuple/flow-records'
import type { Output } from '../operations/command.js'
import type { FlowList, FlowView } from '../operations/flow-schemas.js'
import { csv } from './csv.js'
import { table } from './table.js'

/** Output of `fivetuple flows`. */
export const flowsOutput: Output<FlowList, never> = {
  text: (flows) => render(flows),
  inFormat: (_csv, { flows }) => csv(CSV_COLUMNS, flows.map(csvRow)),
}

function render({ recorded, outcomes, matching, kept, lost, flows, next }: FlowList): string {
  const parts = [
    table([
      ['OUTCOME', 'FLOWS'],
      ...OUTCOME_NAMES.filter((name) => outcomes[name] > 0).map((name) => [name, outcomes[name]]),
      ['all', matching],
    ]),
  ]
  if (flows.length > 0) parts.push(renderFlows(flows))
  const notes = [
    recorded > kept ? `${recorded} flows were recorded, the last ${kept} are kept\n` : '',
    lost > 0 ? `! ${lost} records lost: the counts are too low\n` : '',
    next !== null ? `${flows.length} of ${matching} are listed: --limit, or --before ${next}\n` : '',
  ].join('')
  if (notes !== '') parts.push(notes)
  return parts.join('\n')
}

function renderFlows(flows: readonly FlowView[]): string {
  return table([
    ['FLOW', 'CLIENT', 'VIP', 'LBS', 'SNAT', 'BACKEND', 'BYTES UP', 'BYTES DOWN', 'ms', 'OUTCOME', 'CAUSE'],
    ...flows.map((flow) => [
      flow.number,
      flow.client,
      flow.service ?? flow.vip,
      pathOf(flow),
      flow.snat ?? '-',
      flow.backend ?? '-',
      flow.bytesFromClient,
      flow.bytesToClient,
      Date.parse(flow.lastAt) - Date.parse(flow.firstAt),
      flow.reason === null || flow.outcome !== 'refused' ? flow.outcome : `${flow.outcome} (${flow.reason})`,
      flow.cause === null ? '-' : String(flow.cause),
    ]),
  ])
}

/** Renders next hops over time. */
function pathOf({ nextHops }: FlowView): string {
  return nextHops.map(({ lb }) => lb ?? 'none').join('>')
}

const CSV_COLUMNS = [
  'number',
  'protocol',
  'client',
  'vip',
  'service',
  'firstAt',
  'lastAt',
  'endedAt',
  'bytesFromClient',
  'bytesToClient',
  'lb',
  'nextHops',
  'snat',
  'backend',
  'outcome',
  'reason',
  'cause',
]

function csvRow(flow: FlowView): (string | number | null)[] {
  return [
    flow.number,
    flow.protocol,
    flow.client,
    flow.vip,
    flow.service,
    flow.firstAt,
    flow.lastAt,
    flow.endedAt,
    flow.bytesFromClient,
    flow.bytesToClient,
    flow.lb,
    pathOf(flow),
    flow.snat,
    flow.backend,
    flow.outcome,
    flow.reason,
    flow.cause,
  ]
}
