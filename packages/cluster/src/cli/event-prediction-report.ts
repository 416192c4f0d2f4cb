import type { Output } from '../operations/command.js'
import type { EventPrediction, MeasuredVip, RecordedVip, VipOutcomes } from '../operations/prediction-schemas.js'
import { OUTCOMES, percent, points } from './prediction-report.js'
import { table } from './table.js'

/** Output of `fivetuple predictions`. */
export const eventPredictionsOutput: Output<readonly EventPrediction[], never> = {
  text: (events) =>
    events.length === 0
      ? "no event has changed the next hops of flows: try 'fivetuple kill lb-2'\n"
      : `${events.map(render).join('\n')}\n${WORDS}`,
}

const WORDS = `FORMULA: for evenly spread flows. PREDICTED: by the route table when the event began, over the flows of
that moment. MEASURED: next hops of the same flows after it. DIFFERENCE: measured less predicted, points.
`

function render(event: EventPrediction): string {
  const { id, at, event: what, selection, hash, seed, state, reason, afterMs, predicted, measured } = event
  const outcome =
    state === 'pending'
      ? 'the routes have not changed yet'
      : (reason ?? `routes changed after ${Math.round(afterMs ?? 0)} ms`)
  const heading = `${id}. ${at} ${what}, with ${selection} over ${hash} seed ${seed}: ${outcome}\n`
  if (predicted.length === 0) return `${heading}no TCP flow was established\n`
  const pairs = predicted.map((then) => [then, measured.find(({ vip }) => vip === then.vip)] as const)
  const isRecorded = (event.recorded ?? []).length > 0
  return [heading, perLb(pairs), shares(pairs), ...(isRecorded ? [outcomes(event.recorded ?? [])] : [])].join('\n')
}

type Pair = readonly [VipOutcomes, MeasuredVip | undefined]

function perLb(pairs: readonly Pair[]): string {
  return table([
    ['VIP', 'LB', 'FLOWS', 'DIRECT LOSS', 'MEASURED', 'COLLATERAL', 'MEASURED', 'UNAFFECTED', 'MEASURED'],
    ...pairs.flatMap(([then, now]) =>
      Object.entries(then.perLb).map(([lb, of]) => {
        const after = now?.perLb[lb]
        return [
          then.vip,
          lb,
          of.flows,
          of.directLoss,
          after?.directLoss ?? '?',
          of.collateral,
          after?.collateral ?? '?',
          of.unaffected,
          after?.unaffected ?? '?',
        ]
      }),
    ),
  ])
}

/** Flows that ended before the routes changed, as those that an event before has broken. */
const ENDED_BEFORE = ['endedBefore', 'ended before'] as const

/** Outcomes until now of the flows of each class, most flows first. */
function outcomes(recorded: readonly RecordedVip[]): string {
  return table([
    ['VIP', 'BY FLOW RECORDS', 'FLOWS', 'OUTCOMES UNTIL NOW'],
    ...recorded.flatMap((of) =>
      [...OUTCOMES, ENDED_BEFORE].flatMap(([name, words]) => {
        if (name === 'endedBefore' && of[name] === 0) return []
        const counts = Object.entries(of.outcomes[name]).filter(([, flows]) => flows > 0)
        counts.sort(([, a], [, b]) => b - a)
        return [[of.vip, words, of[name], counts.map(([outcome, flows]) => `${flows} ${outcome}`).join(', ')]]
      }),
    ),
  ])
}

function shares(pairs: readonly Pair[]): string {
  return table([
    ['VIP', 'OUTCOME', 'FLOWS', 'FORMULA', 'PREDICTED', 'MEASURED', 'DIFFERENCE'],
    ...pairs.flatMap(([then, now]) =>
      OUTCOMES.map(([outcome, words]) => [
        then.vip,
        words,
        now?.[outcome] ?? then[outcome],
        percent(then.formula?.[outcome]).padStart(7),
        percent(then[outcome] / then.flows).padStart(9),
        percent(now && now[outcome] / now.flows).padStart(8),
        points(now?.differencePoints[outcome]).padStart(10),
      ]),
    ),
  ])
}
