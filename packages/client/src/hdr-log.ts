import { HdrHistogram } from './hdr-histogram.js'

/** Two histograms of one target in the current interval. */
interface Tagged {
  readonly completed: HdrHistogram
  readonly failed: HdrHistogram
}

/**
 * Lines of an HdrHistogram log, version 1.3, which its log readers and plotters read: one line per
 * interval and tag. A tag is the name of a target, with `-failed` for the requests that failed.
 */
export class HdrLog {
  readonly #tags = new Map<string, Tagged>()
  #fromMs = 0

  /** Returns the lines before the first interval. @param startedAt time of the start */
  head(startedAt: Date): string {
    return [
      '#[Histogram log format version 1.3]',
      `#[StartTime: ${(startedAt.getTime() / 1_000).toFixed(3)} (seconds since epoch), ${startedAt.toISOString()}]`,
      '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
      '',
    ].join('\n')
  }

  /** Records the latency of a request that ends in the current interval. */
  add(name: string, latencyMs: number, isCompleted: boolean): void {
    let tagged = this.#tags.get(name)
    if (tagged === undefined) {
      tagged = { completed: new HdrHistogram(), failed: new HdrHistogram() }
      this.#tags.set(name, tagged)
    }
    tagged[isCompleted ? 'completed' : 'failed'].add(latencyMs)
  }

  /** Ends the interval, and returns its lines. @param nowMs since the start */
  flush(nowMs: number): string {
    const from = (this.#fromMs / 1_000).toFixed(3)
    const length = ((nowMs - this.#fromMs) / 1_000).toFixed(3)
    this.#fromMs = nowMs
    let lines = ''
    for (const [name, { completed, failed }] of this.#tags)
      for (const [tag, histogram] of [
        [tagOf(name), completed],
        [`${tagOf(name)}-failed`, failed],
      ] as const) {
        if (histogram.count === 0) continue
        lines += `Tag=${tag},${from},${length},${histogram.maxMs.toFixed(3)},${histogram.encode()}\n`
        histogram.clear()
      }
    return lines
  }
}

/** Returns a name without the characters that end a tag. */
function tagOf(name: string): string {
  return name.replaceAll(/[,\s]/g, '_')
}
