import type { Outage, ProbeReport, Slot } from '@fivetuple/client'

/** What the death of an LB cost. */
export interface Takeover {
  readonly killed: string
  /** When, ms since the start of the probe. */
  readonly killedAtMs: number
  readonly ratePerSecond: number
  /** The stretch of failures that the death began, ms; 0: nothing failed. In steps of a slot. */
  readonly outageMs: number
  /** All stretches of failures: the killed LB's return may cost some too. */
  readonly outages: readonly Outage[]
  readonly completed: number
  readonly failed: number
  /** Failures by cause. */
  readonly errors: Readonly<Record<string, number>>
  readonly slotMs: number
  readonly series: readonly Slot[]
}

/** Makes a takeover of what the probe has seen. */
export function takeoverOf(killed: string, killedAtMs: number, report: ProbeReport): Takeover {
  const { ratePerSecond, outages, completed, failed, errors, slotMs, series } = report
  // What was due shortly before the death was under way then, so its slot may lie before it.
  const first = outages.find(({ toMs }) => toMs > killedAtMs - slotMs)
  return {
    killed,
    killedAtMs,
    ratePerSecond,
    outageMs: first === undefined || first.fromMs > killedAtMs + slotMs ? 0 : first.toMs - first.fromMs,
    outages,
    completed,
    failed,
    errors,
    slotMs,
    series,
  }
}
