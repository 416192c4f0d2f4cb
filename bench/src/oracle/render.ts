import { renderTable } from '../table.js'
import type { Counts, OracleResult } from './measure.js'

/** True if route table and clients have confirmed a prediction, to the flow. */
export function isExact({ predicted, measured, clients }: OracleResult): boolean {
  return [measured, clients].every(
    ({ directLoss, collateral }) => directLoss === predicted.directLoss && collateral === predicted.collateral,
  )
}

const OUTCOMES = [
  ['directLoss', 'direct loss'],
  ['collateral', 'collateral'],
] as const

/** Renders the predictions, and their outcomes, in percent of the flows. */
export function renderOracle(results: readonly OracleResult[]): string {
  const rows = results.flatMap((result) => {
    const { selection, lbs, event, flows, formula, predicted, measured, clients, chance } = result
    return OUTCOMES.map(([outcome, words]) => {
      const percent = (counts: Counts): string => ((counts[outcome] / flows) * 100).toFixed(1)
      const difference = ((predicted[outcome] - formula[outcome]) / flows) * 100
      return [
        `${selection}, ${lbs} LBs, ${event}: ${words}`,
        ...[formula, predicted, measured, clients].map(percent),
        `${difference >= 0 ? '+' : ''}${difference.toFixed(1)}`,
        `±${percent(chance)}`,
        isExact(result) ? 'yes' : 'NO',
      ]
    })
  })
  const table = renderTable([
    ['percent of the flows', 'formula', 'predicted', 'measured', 'clients', 'difference', 'chance', 'exact'],
    ...rows,
  ])
  return `${table}
formula: closed formula for evenly spread flows. predicted: by the route table, before the event. measured: by the route
table after it. clients: flows that ended at their clients. difference: predicted less formula, points; chance: two standard
deviations of it. exact: predicted, measured and clients are equal, to the flow. Longest delay of an event by its prediction:
${Math.max(...results.map(({ delayedMs }) => delayedMs)).toFixed(1)} ms.
`
}
