import type { Evenness } from '@fivetuple/client'
import type { RateTrial } from './highest-rate.js'
import type { Takeover } from './takeover.js'
import type { Topology } from './topology.js'

/** One run at a fixed rate. */
export interface RateResult {
  readonly completed: number
  readonly failed: number
  readonly errors: Readonly<Record<string, number>>
  /** null if nothing was completed */
  readonly p99Ms: number | null
  /** Delay of the probe itself, ms, which is part of every latency. */
  readonly lagP99Ms: number | null
}

/** Measurement of one of the two clusters. */
export interface Measurement {
  readonly topology: Topology
  /** Highest rate at which less than one request in a hundred failed, requests per second. */
  readonly capacity: number
  readonly trials: readonly RateTrial<RateResult>[]
  /** Evenness of all flows of the good trials. */
  readonly evenness: Evenness
  readonly takeover: Takeover
}
