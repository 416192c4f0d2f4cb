import type { FlowLedger } from './flow-ledger.js'
import type { Abandon, Done } from './request-queue.js'
import type { Source } from './sources.js'

/** One connection of a probe at a time, opened when it is needed, and again after it has closed. */
export interface ProbeConnection {
  /** Sends a request; returns a function that gives it up. */
  send(done: Done): Abandon
  /** Closes the connection at once. */
  destroy(): Promise<void>
}

export interface ProbeConnectionOptions {
  readonly host: string
  readonly port: number
  /** Number of the connection, from 0. */
  readonly number: number
  /** Returns the next source; undefined: the kernel chooses. */
  readonly nextSource: () => Source | undefined
  /** Called for each source that can't be used. */
  readonly onPortTaken: (source: Source) => void
  readonly connectTimeoutMs: number
  readonly ledger: FlowLedger
  /** ms since the start of the probe */
  readonly now: () => number
  /** Counter of payload bytes; `up` counts those of requests that were begun. */
  readonly bytes: { up: number; down: number }
}
