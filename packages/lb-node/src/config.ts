import type { Fault, Scope } from '@fivetuple/faults'
import type { BfdSettings } from '@fivetuple/speaker'
import type { CheckMethod } from './control-plane/health/check.js'
import type { StatusRange } from './control-plane/health/status-ranges.js'
import type { RedundancyConfig } from './control-plane/redundancy/config.js'
import type { LinkDirection, LinkSide } from './link-faults/names.js'
import type { BackendPolicyName } from './policy/registry.js'

/** Configuration of one LB process. Addresses are dotted quads. */
export interface LbConfig {
  readonly name: string
  /** k of LB k: port k on both switches. */
  readonly id: number
  /**
   * Router address: cables and BGP are dialled from here, and it is the next hop in announcements.
   */
  readonly address: string
  /** Backend IP: the source address that backends see. Every LB has its own (claim C6). */
  readonly bip: string
  readonly clusterKey: string
  /** The two cables, by the switch at their other end. */
  readonly cables: { readonly uplink: LbCableConfig; readonly downlink: LbCableConfig }
  readonly bgp: LbBgpConfig
  /** BFD sessions with both switches; missing: none. */
  readonly bfd?: BfdSettings
  /** Configured virtual services. The LB carries those whose address is on its interface. */
  readonly services: readonly LbServiceConfig[]
  /** Addresses on the interface at start. */
  readonly vips: readonly string[]
  /** True if the LB requests no new flows from the start. */
  readonly draining: boolean
  /** Backends that have no new flows from the start. */
  readonly drainedBackends: readonly string[]
  readonly nat: NatConfig
  /** null: all LBs carry their VIPs at once. */
  readonly redundancy: RedundancyConfig | null
  readonly capacity: CapacityConfig
  /** Faults of its links at the start; a direction that is missing has none. */
  readonly linkFaults: readonly DirectionFaults[]
  /** First and last source port of health checks, inclusive: outside of `nat.portRange`. */
  readonly checkPorts: readonly [number, number]
  /** True if its sessions are recorded for the collector of flow records. */
  readonly records: boolean
  readonly logLevel: string
}

/** All faults of one direction of a link. */
export interface DirectionFaults {
  readonly side: LinkSide
  readonly direction: LinkDirection
  readonly faults: readonly LinkFault[]
}

/** Fault of one direction of a link. */
export interface LinkFault {
  readonly id: string
  readonly fault: Fault
  readonly scope: Scope
  /** 32 bits. */
  readonly seed: number
}

export interface LbCableConfig {
  /** Name that the switch must show in the cable's hello. */
  readonly peer: string
  readonly address: string
  readonly port: number
  /**
   * Line cards of the switch: member link i, counted from 0, is plugged in at `port` + i. Both
   * cables have as many; missing: 1.
   */
  readonly memberLinks?: number
}

export interface LbBgpConfig {
  readonly port: number
  readonly as: number
  /** seconds; 0 or at least 3 */
  readonly holdTime: number
  readonly uplink: { readonly address: string; readonly as: number }
  readonly downlink: { readonly address: string; readonly as: number }
  /**
   * NEXT_HOP in announcements; null: the LB's router address. For real daemons that refuse 127/8.
   */
  readonly nextHop: string | null
}

/**
 * Transport of the client's endpoint to the backend. `none`: it is not passed on. `toa`: in a TCP
 * option of the segments of the handshake. `proxy-v2`: in a TCP option of the SYN, with the VIP in
 * another one, for the server edge that writes the PROXY protocol header.
 */
export type ClientAddressMode = 'none' | 'toa' | 'proxy-v2'

export interface LbServiceConfig {
  readonly name: string
  readonly protocol: 'tcp' | 'udp'
  readonly address: string
  readonly port: number
  readonly policy: BackendPolicyName
  readonly backends: readonly LbBackendConfig[]
  readonly limits: ServiceLimits
  /** Transport of the client's address and port to backends; TCP services only. */
  readonly clientAddress: ClientAddressMode
  readonly health: LbHealthConfig
}

export interface LbBackendConfig {
  readonly name: string
  readonly address: string
  readonly port: number
  /** 0 to 256; 0: no new flows */
  readonly weight: number
}

/**
 * Limits of one service on its LB, so that a flood of its flows leaves other services their share
 * (claim C15).
 */
export interface ServiceLimits {
  /** null: no limit but the table's */
  readonly maxSessions: number | null
  /** null: no limit */
  readonly newFlowsPerSecond: number | null
}

/** Capacity of one LB. Packets above it are dropped. */
export interface CapacityConfig {
  /** Both directions together; null: no limit. */
  readonly packetsPerSecond: number | null
  /** null: no limit */
  readonly newFlowsPerSecond: number | null
}

/** Health checks of a service's backends, and the action while too few of them are healthy. */
export interface LbHealthConfig {
  /** null: no checks; only failed connections of the traffic count. */
  readonly check: LbCheckConfig | null
  /** Action while a service is down: withdraw its route, reset new flows, or ignore health. */
  readonly noBackend: 'withdraw' | 'reset' | 'panic'
  /**
   * Share of healthy backends below which an up service ignores health, per cent, 0 to 100; 0:
   * never.
   */
  readonly panicThreshold: number
  /**
   * With fewer healthy backends than `low` the service counts as down, until there are `high` of
   * them. At least 1.
   */
  readonly watermark: { readonly low: number; readonly high: number }
  /** Time over which a backend that has recovered is given its full share, ms; 0: at once. */
  readonly slowStartMs: number
}

export interface LbCheckConfig {
  readonly type: 'http' | 'tcp' | 'udp'
  /** Path of an HTTP check. */
  readonly path: string
  readonly method: CheckMethod
  /** Host header of an HTTP check; null: the address and port that it connects to. */
  readonly host: string | null
  /** Statuses that an HTTP check expects. */
  readonly expectStatus: readonly StatusRange[]
  /** Port that the check connects to; null: the backend's own. */
  readonly port: number | null
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Good checks in a row that make a backend healthy. */
  readonly rise: number
  /** Failures in a row that make it unhealthy. */
  readonly fall: number
}

export interface NatConfig {
  /** First and last source port used towards backends, inclusive. */
  readonly portRange: readonly [number, number]
  readonly maxSessions: number
  /** Idle time per state, ms. */
  readonly timeouts: NatTimeouts
  /** Response to a non-SYN TCP packet without a session. */
  readonly unknownFlow: 'reset' | 'drop'
}

export interface NatTimeouts {
  readonly synMs: number
  readonly establishedMs: number
  /** One or both directions have sent FIN. */
  readonly closingMs: number
  /** Both FINs acknowledged, or a RST seen. */
  readonly closedMs: number
  readonly udpMs: number
}
