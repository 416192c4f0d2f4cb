import type { Output } from '../operations/command.js'
import type { Prediction, SelectionOutcomes, Shares, VipOutcomes } from '../operations/prediction-schemas.js'
import { table } from './table.js'

/** Output of `fivetuple predict`. */
export const predictionOutput: Output<Prediction, never> = { text: (prediction) => render(prediction) }

const WORDS = `DIRECT LOSS: flows of LBs that go. COLLATERAL: flows of LBs that stay, broken by rehash: another
LB gets their packets and has no session for them. Both end when their client sends next.
ROUTE TABLE: flows counted with the function that forwards. FORMULA: the closed formula for evenly
spread flows. DIFFERENCE: points between both; CHANCE alone makes 95 of 100 smaller than this.
`

function render(prediction: Prediction): string {
  const { selections, notes } = prediction
  const [only] = selections
  const isOne = selections.length === 1 && only !== undefined
  const isEmpty = selections.every(({ vips }) => vips.length === 0)
  return [
    heading(prediction),
    isEmpty ? 'no VIP has a route\n' : isOne ? renderOne(only.vips) : renderAll(selections),
    ...(notes.length > 0 ? [notes.map((note) => `! ${note}\n`).join('')] : []),
    WORDS,
  ].join('\n')
}

function heading({ change, hash, seed, selections }: Prediction): string {
  const over = `over ${hash} seed ${seed}`
  const [only] = selections
  if (selections.length !== 1 || only === undefined)
    return `if ${change}: the same TCP flows with each selection ${over}:\n`
  const world = only.isRunning ? `with ${only.selection}` : `as if the cluster had always run ${only.selection}`
  return `if ${change}: TCP flows, ${world} ${over}:\n`
}

/** Counts per LB, then shares beside the formula. */
function renderOne(vips: readonly VipOutcomes[]): string {
  return `${table([
    ['VIP', 'LB', 'FLOWS', 'DIRECT LOSS', 'COLLATERAL', 'BY FORMULA', 'UNAFFECTED'],
    ...vips.flatMap((all) => [
      ...Object.entries(all.perLb).map(([lb, counts]) => lbRow(all.vip, lb, counts)),
      lbRow(all.vip, 'all', all),
    ]),
  ])}\n${shareTable(vips)}`
}

function lbRow(
  vip: string,
  lb: string,
  { flows, directLoss, collateral, unaffected, formula }: Pick<VipOutcomes, keyof Shares | 'flows' | 'formula'>,
): (string | number)[] {
  const byFormula = formula === null ? '?' : (formula.collateral * flows).toFixed(1)
  return [vip, lb, flows, directLoss, collateral, byFormula.padStart(10), unaffected]
}

/** Outcomes and their words. */
export const OUTCOMES: readonly (readonly [keyof Shares, string])[] = [
  ['directLoss', 'direct loss'],
  ['collateral', 'collateral'],
  ['unaffected', 'unaffected'],
]

function shareTable(vips: readonly VipOutcomes[]): string {
  return table([
    ['VIP', 'OUTCOME', 'ROUTE TABLE', 'FORMULA', 'DIFFERENCE', 'CHANCE'],
    ...vips.flatMap(({ vip, flows, formula, differencePoints, chancePoints, ...counts }) =>
      OUTCOMES.map(([outcome, words]) => [
        vip,
        words,
        percent(counts[outcome] / flows).padStart(11),
        percent(formula?.[outcome]).padStart(7),
        points(differencePoints?.[outcome]).padStart(10),
        chance(chancePoints?.[outcome]).padStart(6),
      ]),
    ),
  ])
}

/** One row per VIP and selection. */
function renderAll(selections: readonly SelectionOutcomes[]): string {
  const names = [...new Set(selections.flatMap(({ vips }) => vips.map(({ vip }) => vip)))]
  return table([
    ['VIP', 'SELECTION', 'FLOWS', 'DIRECT LOSS', 'FORMULA', 'COLLATERAL', 'FORMULA', 'DIFFERENCE', 'CHANCE'],
    ...names.flatMap((name) =>
      selections.flatMap(({ selection, isRunning, vips }) =>
        vips
          .filter(({ vip }) => vip === name)
          .map(({ vip, flows, directLoss, collateral, formula, differencePoints, chancePoints }) => [
            vip,
            isRunning ? `${selection} (now)` : selection,
            flows,
            percent(directLoss / flows).padStart(11),
            percent(formula?.directLoss).padStart(7),
            percent(collateral / flows).padStart(10),
            percent(formula?.collateral).padStart(7),
            points(differencePoints?.collateral).padStart(10),
            chance(chancePoints?.collateral).padStart(6),
          ]),
      ),
    ),
  ])
}

/** Formats a share, 0 to 1. */
export function percent(share: number | undefined): string {
  return share === undefined ? '?' : `${(share * 100).toFixed(1)} %`
}

function chance(points: number | undefined): string {
  return points === undefined ? '?' : `±${points.toFixed(1)}`
}

/** Formats a difference in percentage points, with its sign. */
export function points(difference: number | undefined): string {
  if (difference === undefined) return '?'
  const text = difference.toFixed(1)
  return text.startsWith('-') && Number(text) !== 0 ? text : `+${text.replace('-', '')}`
}
