import { strict as assert } from 'node:assert'

/** Returns the median of at least one number: the middle one, or the mean of both middle ones. */
export function median(values: readonly number[]): number {
  assert(values.length > 0)
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * Returns the p-quantile by nearest rank: the smallest sample that at least the share `p` does not
 * exceed; NaN without samples.
 */
export function quantile(samples: readonly number[], p: number): number {
  if (samples.length === 0) return Number.NaN
  const sorted = Float64Array.from(samples).sort()
  return sorted[Math.max(Math.ceil(p * sorted.length) - 1, 0)]!
}

/** Summary of a figure that was measured several times. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/**
 * Returns the ratios of the second to the first, round by round. Both halves of a round ran under
 * similar conditions, so their ratio is more reliable than the ratio of the medians. Rounds whose
 * ratio is not finite are left out.
 *
 * @returns undefined if no round is left
 */
export function ratioOf(base: readonly number[], other: readonly number[]): Spread | undefined {
  assert.equal(base.length, other.length)
  const ratios = base.map((value, i) => other[i]! / value).filter(Number.isFinite)
  return ratios.length === 0 ? undefined : spreadOf(ratios)
}
