import type { FlowRecord, LedgerSummary } from './flow-ledger.js'
import type { Outage } from './outages.js'
import type { Quantiles } from './quantiles.js'
import type { Slot } from './recorder.js'
import type { Recovery, RecoverySummary } from './recovery.js'

/** Report of a probe. Times in ms. */
export interface ProbeReport {
  readonly url: string
  readonly startedAt: string
  readonly ratePerSecond: number
  readonly connections: number | 'new'
  /** Time from the start to the last outcome. */
  readonly elapsedMs: number
  readonly completed: number
  readonly failed: number
  /** Requests under way or not yet due when the probe was stopped. */
  readonly unfinished: number
  /** From the moment a request was due to the end of its answer. */
  readonly latency: Quantiles
  readonly failureLatency: Quantiles
  /** Delay of the probe itself, which is part of every latency. */
  readonly lag: Quantiles
  readonly errors: Readonly<Record<string, number>>
  readonly outages: readonly Outage[]
  /** null if each connection has one request. */
  readonly recovery: RecoverySummary | null
  /** Bodies of HTTP, or payload of echoes, that were sent and received. */
  readonly payload: { readonly upBytes: number; readonly downBytes: number }
  /** Sources that could not be used, so that the connection got its next one. */
  readonly portsTaken: number
  readonly flows: LedgerSummary
  readonly slotMs: number
  readonly series: readonly Slot[]
  readonly flowList: readonly FlowRecord[]
  readonly recoveryList: readonly Recovery[]
  /** The first of the sources that could not be used, address:port. */
  readonly takenList: readonly string[]
}
