import { type Outage, type ProbeOutcome, type Quantiles, quantilesOf } from '@fivetuple/client'

/** Requests that were due in one period. */
export interface Phase {
  readonly fromMs: number
  readonly toMs: number
  readonly requests: number
  readonly failed: number
  /** Failures per cause. */
  readonly errors: Readonly<Record<string, number>>
  /** Latency of those that were completed, from the moment they were due. */
  readonly latency: Quantiles
}

export const PHASES = ['before', 'during', 'after'] as const
export type PhaseName = (typeof PHASES)[number]

/** Summarizes outcomes that were due from `fromMs` on and before `toMs`. */
export function phaseOf(outcomes: readonly ProbeOutcome[], fromMs: number, toMs: number): Phase {
  const due = outcomes.filter(({ dueMs }) => dueMs >= fromMs && dueMs < toMs)
  const errors: Record<string, number> = {}
  for (const { error } of due) if (error !== undefined) errors[error] = (errors[error] ?? 0) + 1
  const completed = due.filter(({ error }) => error === undefined)
  return {
    fromMs,
    toMs,
    requests: due.length,
    failed: due.length - completed.length,
    errors,
    latency: quantilesOf(Float64Array.from(completed, ({ latencyMs }) => latencyMs)),
  }
}

/** Longest period of failures, ms; 0 if nothing failed. */
export function longestOutageMs(outages: readonly Outage[]): number {
  return Math.max(0, ...outages.map(({ fromMs, toMs }) => toMs - fromMs))
}
