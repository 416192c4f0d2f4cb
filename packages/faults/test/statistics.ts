/** True if a share over `count` independent draws is within four standard deviations of `p`. */
export function isNear(share: number, p: number, count: number): boolean {
  return Math.abs(share - p) <= 4 * Math.sqrt((p * (1 - p)) / count)
}

/**
 * Chi-square statistic of samples over bins that are equally likely under a distribution.
 *
 * @param cdf distribution function
 */
export function chiSquare(samples: readonly number[], cdf: (x: number) => number, bins: number): number {
  const counts = new Array<number>(bins).fill(0)
  for (const sample of samples) counts[Math.min(bins - 1, Math.floor(cdf(sample) * bins))]!++
  const expected = samples.length / bins
  return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
}

/** Limit of chi-square at four standard deviations (Wilson–Hilferty). */
export function chiSquareLimit(bins: number): number {
  const k = bins - 1
  return k * (1 - 2 / (9 * k) + 4 * Math.sqrt(2 / (9 * k))) ** 3
}

/** Distribution function of the standard normal distribution, by the series of Marsaglia (2004). */
export function normalCdf(x: number): number {
  if (Math.abs(x) > 7) return x < 0 ? 0 : 1
  let sum = x
  let term = x
  for (let i = 3; i < 200; i += 2) {
    term *= (x * x) / i
    sum += term
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
}
