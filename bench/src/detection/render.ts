import { type Spread, spreadOf } from '../statistics.js'
import { renderTable } from '../table.js'
import { ALLOWANCE_MS, type DetectionResult } from './result.js'

/** Renders the times, then the full load. */
export function renderDetection(results: readonly DetectionResult[]): string {
  const times = renderTable([
    ['timers', 'detection time', 'Down, median', 'worst', 'next hop removed, median', 'worst', 'back, median'],
    ...results
      .filter(({ detected }) => detected.length > 0)
      .map(({ timers: { name, intervalMs, multiplier }, detected }) => {
        const down = spreadOf(detected.map(({ downMs }) => downMs))
        const removed = spreadOf(detected.map(({ removedMs }) => removedMs))
        const restored = spreadOf(detected.map(({ restoredMs }) => restoredMs))
        const limit = intervalMs * multiplier
        return [
          name,
          ms(limit),
          ms(down.median),
          ms(down.max),
          verdict(removed, limit),
          ms(removed.max),
          ms(restored.median),
        ]
      }),
  ])
  const loads = renderTable([
    ['timers', 'requests/s', 'false Downs', 'excused delays', 'delays of 20 ms or more', 'longest'],
    ...results.flatMap(({ timers: { name }, underLoad }) => {
      if (underLoad === null) return []
      const { load, health } = underLoad
      const rate = Math.round(load.requests / (load.windowMs / 1_000))
      return [[name, ...[rate, health.downs, health.excusedLags, health.lags].map(String), ms(health.longestLagMs)]]
    }),
  ])
  const reasons = results.flatMap(({ timers: { name }, underLoad }) =>
    (underLoad?.health.downs ?? 0) > 0 ? underLoad!.health.reasons.map((reason) => `${name}: ${reason}`) : [],
  )
  return [`From the pause of an LB\n\n${times}`, `Under full load\n\n${loads}`, ...reasons].join('\n')
}

/** Renders the median, with the bound if it is above it. */
function verdict({ median }: Spread, limit: number): string {
  return median <= limit + ALLOWANCE_MS ? ms(median) : `${ms(median)} (above ${ms(limit + ALLOWANCE_MS)})`
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`
}
