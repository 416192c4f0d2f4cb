import type { Inhibitor } from '@fivetuple/lb-node'
import type { ConfigWarning } from '../config/config-error.js'
import type { ListenFailure } from '../operations/status-schemas.js'
import type { FaultChange } from './faults/fault-event.js'

/** Event of a cluster, with its time; `up --json` prints each as a line. */
export type ClusterEvent = Happening & EventTime

/** Time of an event, by two clocks: one to compare with other logs, one for differences. */
export interface EventTime {
  /** Time of day, ISO 8601 in UTC, with milliseconds. */
  readonly at: string
  /** Time since the launcher began to start the cluster, by a monotonic clock. */
  readonly elapsedMs: number
}

/** Event without its time. */
export type Happening =
  /** Warning about a setting that is valid and probably not meant. */
  | ({ readonly event: 'warning' } & ConfigWarning)
  | ({ readonly event: 'ready' } & ReadyReport)
  | { readonly event: 'started'; readonly name: string; readonly pid: number }
  | {
      readonly event: 'died'
      readonly name: string
      readonly how: string
      /** Time until its next start, ms; null: it stays down. */
      readonly restartInMs: number | null
    }
  /** The LBs that a VIP's route names have changed. */
  | { readonly event: 'routes'; readonly vip: string; readonly lbs: readonly string[] }
  /** An LB keeps a VIP off its interface because of these inhibitors; none: the VIP is back. */
  | {
      readonly event: 'inhibited'
      readonly vip: string
      readonly lb: string
      readonly inhibitors: readonly Inhibitor[]
    }
  /**
   * Clients can't connect to a VIP although it has a route, since its address and port can't be
   * bound. The bind is tried again every second. null: they can connect again.
   */
  | {
      readonly event: 'listener'
      readonly vip: string
      /** Address and port. */
      readonly listen: string
      readonly failure: ListenFailure | null
    }
  /** A fault has been injected, cleared, or has ended by itself. */
  | ({ readonly event: 'fault' } & FaultChange)
  /**
   * Files of the run directory were removed. They have been written again, or can't be, as the
   * error states.
   */
  | { readonly event: 'files'; readonly directory: string; readonly error: string | null }
  | { readonly event: 'stopped' }

/** Addresses and processes of all roles. */
export interface ReadyReport {
  /** Base URL of the control API. */
  readonly api: string
  readonly block: string
  readonly vips: readonly ReadyVip[]
  readonly lbs: readonly {
    readonly name: string
    readonly pid: number
    readonly address: string
    readonly bip: string
  }[]
  readonly backends: readonly ReadyBackend[]
  readonly switches: readonly ReadySwitch[]
}

export interface ReadyVip {
  readonly name: string
  readonly address: string
  readonly port: number
  readonly protocol: string
  /** Address and port where clients connect. */
  readonly listen: string
  /** Reason why clients can't connect; null: they can. */
  readonly listenFailure: ListenFailure | null
  readonly lbs: readonly string[]
}

export interface ReadyBackend {
  readonly name: string
  readonly pid: number
  readonly address: string
  readonly port: number
}

export interface ReadySwitch {
  readonly name: string
  readonly role: string
  readonly pid: number
  readonly address: string
}
