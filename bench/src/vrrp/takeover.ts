import type { Outage, ProbeReport, Slot } from '@fivetuple/client'

/** Cost of the death of an LB. */
export interface Takeover {
  readonly killed: string
  /** Time of death, ms since the start of the probe. */
  readonly killedAtMs: number
  readonly ratePerSecond: number
  /** Period of failures that began with the death, ms; 0 if nothing failed. In steps of a slot. */
  readonly outageMs: number
  /** All periods of failures: the killed LB's return may cause some too. */
  readonly outages: readonly Outage[]
  readonly completed: number
  readonly failed: number
  /** Failures per cause. */
  readonly errors: Readonly<Record<string, number>>
  readonly slotMs: number
  readonly series: readonly Slot[]
}

/** Derives a takeover from the report of the probe. */
export function takeoverOf(killed: string, killedAtMs: number, report: ProbeReport): Takeover {
  const { ratePerSecond, outages, completed, failed, errors, slotMs, series } = report
  // Requests due shortly before the death were under way then, so their slot may lie before it.
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
