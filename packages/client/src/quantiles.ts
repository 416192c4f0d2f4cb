/** Quantiles of latencies, ms; null if there are none. */
export interface Quantiles {
  readonly count: number
  readonly min: number | null
  readonly mean: number | null
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
  readonly p999: number | null
  readonly max: number | null
}

/**
 * Returns the exact quantiles of all samples, by the nearest-rank method: the p-quantile is the
 * smallest sample that at least the share p of all samples does not exceed. Sorts `samples` in
 * place.
 */
export function quantilesOf(samples: Float64Array): Quantiles {
  samples.sort()
  const count = samples.length
  if (count === 0) return { count, min: null, mean: null, p50: null, p90: null, p99: null, p999: null, max: null }
  const rank = (p: number): number => samples[Math.max(Math.ceil(p * count) - 1, 0)]!
  return {
    count,
    min: samples[0]!,
    mean: samples.reduce((sum, sample) => sum + sample, 0) / count,
    p50: rank(0.5),
    p90: rank(0.9),
    p99: rank(0.99),
    p999: rank(0.999),
    max: samples[count - 1]!,
  }
}
