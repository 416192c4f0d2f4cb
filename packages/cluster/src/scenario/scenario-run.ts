import type { ProbeReport } from '@fivetuple/client'
import type { ClusterEvent } from '../launcher/events/event.js'
import type { Load } from './scenario.js'

/** Record of an event that was due. Times in ms since the load began. */
export interface EventRecord {
  readonly command: string
  readonly startedMs: number
  /** Time at which the operation had its result. */
  readonly endedMs: number
  /** Error of the operation; null: it succeeded. */
  readonly error: string | null
  /** Time from its start until routes converged; null: they did not while the load ran. */
  readonly convergedMs: number | null
}

/** Record of one run of a scenario. */
export interface ScenarioRun {
  readonly startedAt: string
  readonly seed: number
  readonly loads: readonly Load[]
  /** In the order of the loads. */
  readonly reports: readonly ProbeReport[]
  readonly events: readonly EventRecord[]
  /** Events of the cluster, from its start to its end. */
  readonly clusterEvents: readonly ClusterEvent[]
  /** True if it was ended early. */
  readonly isInterrupted: boolean
}
