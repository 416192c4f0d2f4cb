import type { ProcessResources } from '@fivetuple/runtime'
import type { SpeakerError, SpeakerRefusals, SpeakerSession } from '@fivetuple/speaker'
import type { EcmpConfig, SwitchNeighborConfig } from './config.js'
import type { FlowBudgets } from './data-plane/flow-budgets.js'

/**
 * Status of a switch. Addresses and prefixes are text, ages milliseconds, counters
 * totals since its start.
 */
export interface SwitchStatus {
  readonly name: string
  readonly role: 'uplink' | 'downlink'
  readonly address: string
  readonly ecmp: EcmpConfig
  readonly ports: readonly SwitchPortStatus[]
  /** The route table: what the data plane forwards by, and what BGP knows beyond it. */
  readonly routes: readonly RouteStatus[]
  /** BGP sessions by neighbour. */
  readonly sessions: readonly BgpSessionStatus[]
  /** BGP announcements and connections that were refused, of all neighbours and of strangers. */
  readonly bgpRefusals: SpeakerRefusals
  /** Flows that end at this switch's edge. */
  readonly flows: number
  /** Flows that the edge takes at most. */
  readonly budgets: FlowBudgets
  readonly edge: Readonly<Record<string, number>>
  /** Flows that were kept from next hops that drain. */
  readonly diverted: DivertedStatus
  /** Packets lost, by cause. */
  readonly drops: Readonly<Record<string, number>>
  /** Services that the client edge listens for, as address:port. */
  readonly listening: readonly string[]
  /** Services that the client edge can't listen for; it tries again. */
  readonly listenFailures: readonly ListenFailureStatus[]
  /** The processes that forward; empty: the switch is one process. */
  readonly cards: readonly LineCardStatus[]
  /** Resources of the switch's own process, without its line cards. */
  readonly process: ProcessResources
}

/** The report to the launcher of prefixes that are forwarded to other LBs than before. */
export interface ForwardedReport {
  /** True for the first report of a process: prefixes that it does not name are not forwarded. */
  readonly isFirst: boolean
  /** Names of the LBs by prefix, CIDR; none: it is not forwarded any more. */
  readonly forwardedBy: Readonly<Record<string, readonly string[]>>
}

/**
 * A service whose VIP has a route and whose clients can't connect, since its address and port can't
 * be bound.
 */
export interface ListenFailureStatus {
  /** Name of the service. */
  readonly service: string
  /** errno, as in `EADDRINUSE`. */
  readonly code: string
  /** Address, port, meaning of the error and remedy. */
  readonly reason: string
}

/** Status of a data plane: all but routes and BGP. */
export type DataPlaneStatus = Pick<
  SwitchStatus,
  'ports' | 'flows' | 'budgets' | 'edge' | 'diverted' | 'drops' | 'listening' | 'listenFailures' | 'cards'
>

/** One process that forwards for a switch. */
export interface LineCardStatus {
  /** From 1. */
  readonly card: number
  /** 0 while there is no process. */
  readonly pid: number
  /** `silent`: it has not answered for a while, and is killed when it goes on like that. */
  readonly state: 'starting' | 'running' | 'silent' | 'restarting'
  readonly restarts: number
  /** Version of the route table that it forwards by; 0: none yet. */
  readonly fibVersion: number
  /** Lanes of cables that have a carrier. */
  readonly lanesUp: number
  readonly flows: number
  /** In by its lanes. */
  readonly packetsIn: number
}

export interface DivertedStatus {
  /** Remembered now. */
  readonly flows: number
  /** Since the start. */
  readonly total: number
  /** Flows that went to a next hop that drains, because so many were remembered. */
  readonly overLimit: number
}

export interface SwitchPortStatus {
  readonly id: number
  readonly peer: string
  /** Carrier. */
  readonly up: boolean
  /** Administratively down. */
  readonly isAdminDown: boolean
  readonly packetsIn: number
  readonly bytesIn: number
  readonly packetsOut: number
  readonly bytesOut: number
}

export interface RouteStatus {
  /** CIDR */
  readonly prefix: string
  readonly origin: 'bgp' | 'connected'
  readonly cost: number
  readonly ageMs: number
  readonly nextHops: readonly RouteNextHopStatus[]
}

export interface RouteNextHopStatus {
  /** The neighbour's name; 'edge' for what is connected. */
  readonly via: string
  /** NEXT_HOP as announced; empty for what is connected. */
  readonly address: string
  /**
   * The port it resolves to; null for a neighbour that no cable leads to, over which nothing is
   * forwarded.
   */
  readonly port: number | null
  /** It keeps its flows and gets no new ones. */
  readonly isDraining: boolean
}

/** A BGP neighbour: an LB, or a routing daemon of the user's. */
export interface BgpSessionStatus extends Omit<SpeakerSession, 'lastError' | 'attemptError'> {
  /** The port that leads to it; null: an external neighbour, to which nothing is forwarded. */
  readonly portId: number | null
  readonly exports: SwitchNeighborConfig['exports']
  /** The last NOTIFICATION in either direction, or the last loss of an established session. */
  readonly lastError: BgpErrorStatus | null
  /** Failure of the last attempt at a session; null while there is a session. */
  readonly attemptError: BgpErrorStatus | null
  /** Advice, when the session of an external neighbour is down or its prefixes are refused. */
  readonly remedy: string | null
}

export interface BgpErrorStatus extends SpeakerError {
  /** ISO 8601 */
  readonly at: string
}
