/** Lines between two halvings of the remaining share, as HdrHistogram's default. */
const TICKS_PER_HALF = 5

/**
 * Returns the percentile distribution of latencies in the text format of HdrHistogram (`.hgrm`), in
 * ms. The values are exact: they come from the samples, not from a histogram.
 * @param samples latencies, ms; sorted in place
 */
export function percentileLines(samples: Float64Array): string {
  samples.sort()
  const total = samples.length
  const lines = ['       Value     Percentile TotalCount 1/(1-Percentile)', '']
  let percentile = 0
  while (total > 0) {
    const rank = Math.max(1, Math.ceil((percentile / 100) * total))
    const isLast = rank >= total
    const share = isLast ? 1 : percentile / 100
    const inverse = isLast ? '' : (1 / (1 - share)).toFixed(2).padStart(15)
    lines.push(
      `${samples[rank - 1]!.toFixed(3).padStart(12)} ${share.toFixed(12)} ${String(rank).padStart(10)}${inverse}`,
    )
    if (isLast) break
    const halvings = Math.floor(Math.log2(100 / (100 - percentile))) + 1
    percentile += 100 / (TICKS_PER_HALF * 2 ** halvings)
  }
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / total
  const deviation = Math.sqrt(samples.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / total)
  const number = (value: number): string => (Number.isNaN(value) ? 0 : value).toFixed(3).padStart(12)
  lines.push(`#[Mean    = ${number(mean)}, StdDeviation   = ${number(deviation)}]`)
  lines.push(`#[Max     = ${number(samples[total - 1] ?? 0)}, Total count    = ${String(total).padStart(12)}]`)
  return `${lines.join('\n')}\n`
}
