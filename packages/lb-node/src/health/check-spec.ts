import type { CheckTarget } from './check.js'
import type { CheckTiming } from './check-schedule.js'
import type { HealthThresholds } from './health-state.js'

/** A check that is made again and again. */
export interface CheckSpec extends CheckTarget, CheckTiming, HealthThresholds {
  /** A check that takes longer has failed, ms. */
  readonly timeoutMs: number
}

/** What is asked of whom: checks with the same question learn the same, however often they ask. */
export function questionOf({ type, address, port, path, host, expectStatus }: CheckTarget): string {
  return JSON.stringify([type, address, port, path, host, expectStatus])
}

/** Checks with the same key are one. */
export function checkKey(spec: CheckSpec): string {
  const { intervalMs, fastIntervalMs, timeoutMs, rise, fall } = spec
  return JSON.stringify([questionOf(spec), intervalMs, fastIntervalMs, timeoutMs, rise, fall])
}
