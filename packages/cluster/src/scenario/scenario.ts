import type { ClusterConfig } from '../config/cluster-config.js'
import type { ConfigWarning } from '../config/config-error.js'
import type { Operation } from '../operations/operation.js'
import type { Assertion } from './assertion.js'

/** Complete and valid scenario. */
export interface Scenario {
  readonly name: string
  readonly description: string | undefined
  readonly seed: number
  readonly cluster: ClusterConfig
  /** Warnings about the cluster's settings. */
  readonly warnings: readonly ConfigWarning[]
  readonly loads: readonly Load[]
  readonly durationMs: number
  readonly events: readonly ScenarioEvent[]
  readonly assertions: readonly Assertion[]
}

/** Requests to a VIP at fixed times. */
export interface Load {
  readonly name: string
  readonly vip: string
  readonly ratePerSecond: number
  readonly connections: number | 'new'
  readonly timeoutMs: number
  readonly path: string
}

/** Change on the time line. */
export interface ScenarioEvent {
  /** As its user wrote it. */
  readonly command: string
  readonly operation: Operation
  readonly parameters: Readonly<Record<string, unknown>>
  /** Time since the load began, ms; undefined: it follows the event before. */
  readonly atMs: number | undefined
  /** True to wait for converged routes first. */
  readonly whenConverged: boolean
  /** Delay after the event before, or after the wait, ms. */
  readonly afterMs: number
}
