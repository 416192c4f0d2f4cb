import type { Slot } from './recorder.js'

/** Period in which requests failed. */
export interface Outage {
  readonly fromMs: number
  readonly toMs: number
  readonly due: number
  readonly failed: number
}

/** Largest number of slots without a failure between two slots of one outage. */
const GAP_SLOTS = 5

/**
 * Joins slots with failures to outages.
 * @param slotMs width of a slot, ms
 */
export function outagesOf(series: readonly Slot[], slotMs: number): Outage[] {
  const outages: { from: number; to: number }[] = []
  series.forEach(({ failed }, i) => {
    if (failed === 0) return
    const last = outages.at(-1)
    if (last !== undefined && i - last.to <= GAP_SLOTS) last.to = i + 1
    else outages.push({ from: i, to: i + 1 })
  })
  return outages.map(({ from, to }) => {
    const slots = series.slice(from, to)
    return {
      fromMs: series[from]!.atMs,
      toMs: series[to - 1]!.atMs + slotMs,
      due: slots.reduce((sum, { due }) => sum + due, 0),
      failed: slots.reduce((sum, { failed }) => sum + failed, 0),
    }
  })
}
