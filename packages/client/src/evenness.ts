import { strict as assert } from 'node:assert'

/** Evenness of flows over LBs. */
export interface Evenness {
  /** Flows per LB, LBs without any included. */
  readonly flows: Readonly<Record<string, number>>
  /** Shares, in the order of `flows`. Their sum is 1. */
  readonly shares: readonly number[]
  /** Pearson's statistic against equal shares. */
  readonly chiSquare: number
  /** LBs less one. */
  readonly degreesOfFreedom: number
  /** Probability that chance alone spreads equal shares at least as unevenly, 0 to 1. */
  readonly pValue: number
  /** LB with most flows; the first of several. */
  readonly worst: string
  /** Its flows over the mean of all LBs: 1 if all have the same. */
  readonly overload: number
}

/** @param flows per LB, at least two LBs and one flow */
export function evennessOf(flows: Readonly<Record<string, number>>): Evenness {
  const names = Object.keys(flows)
  const counts = Object.values(flows)
  const total = counts.reduce((sum, count) => sum + count, 0)
  assert(counts.length >= 2 && total > 0)
  const expected = total / counts.length
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  const degreesOfFreedom = counts.length - 1
  const max = Math.max(...counts)
  return {
    flows,
    shares: counts.map((count) => count / total),
    chiSquare,
    degreesOfFreedom,
    pValue: chiSquareTail(chiSquare, degreesOfFreedom),
    worst: names[counts.indexOf(max)]!,
    overload: max / expected,
  }
}

/**
 * Returns the probability that a chi-square variable is at least `x`, from the recurrence over
 * degrees of freedom in steps of two (Abramowitz and Stegun 26.4.4 and 26.4.5).
 *
 * @param degrees a whole number of at least 1
 */
export function chiSquareTail(x: number, degrees: number): number {
  const isOdd = degrees % 2 === 1
  let tail = isOdd ? normalTail(Math.sqrt(x)) * 2 : Math.exp(-x / 2)
  let term = isOdd ? Math.sqrt((2 * x) / Math.PI) * Math.exp(-x / 2) : (Math.exp(-x / 2) * x) / 2
  for (let k = isOdd ? 3 : 4; k <= degrees; k += 2) {
    tail += term
    term *= x / k
  }
  return Math.min(tail, 1)
}

/**
 * Returns the upper tail of the standard normal distribution to 7 digits (Abramowitz and Stegun
 * 26.2.17).
 * @param z at least 0
 */
function normalTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z)
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return (Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI)) * polynomial
}
