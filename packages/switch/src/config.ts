import type { FlowHashName } from '@fivetuple/packet'
import type { BfdSettings } from '@fivetuple/speaker'
import type { EcmpSelectionName } from './data-plane/ecmp/registry.js'
import type { ResilientOptions } from './data-plane/ecmp/resilient.js'

/**
 * Configuration of one switch process. Uplink and downlink run the same program with two
 * configurations.
 */
export interface SwitchConfig {
  readonly name: string
  readonly role: 'uplink' | 'downlink'
  /** Router address: BGP and cables listen here. Dotted quad, as all addresses in here. */
  readonly address: string
  /** TCP port on `address` to which LBs dial their cables. */
  readonly cablePort: number
  /**
   * Shared secret of the cluster, hexadecimal, at least 16 bytes. Both ends of a cable prove that
   * they have it.
   */
  readonly clusterKey: string
  readonly ports: readonly SwitchPortConfig[]
  readonly bgp: SwitchBgpConfig
  readonly ecmp: EcmpConfig
  readonly edge: ClientEdgeConfig | ServerEdgeConfig
  /**
   * Number of processes that forward, 1 to 16; missing: 1, which is this process. Each cable has as
   * many member links: member link i ends in card i, at `cablePort` + i.
   */
  readonly lineCards?: number
  readonly logLevel: string
}

/** Port k: the cable of one LB, which dials it. */
export interface SwitchPortConfig {
  /** 1 to N */
  readonly id: number
  /** Name that the LB must show in the cable's hello. */
  readonly peer: string
  /** Administratively down; missing: it is not. */
  readonly isAdminDown?: boolean
}

export interface SwitchBgpConfig {
  /** TCP port that the switch listens on. */
  readonly port: number
  readonly as: number
  /** Proposed hold time of the LBs' sessions, s: 0 or at least 3 (RFC 4271 §4.2). */
  readonly holdTime: number
  readonly neighbors: readonly SwitchNeighborConfig[]
  /**
   * Prefixes behind this switch, CIDR: they are connected, and announced to neighbours that export
   * them.
   */
  readonly announce: readonly string[]
}

export interface SwitchNeighborConfig {
  readonly name: string
  readonly address: string
  readonly as: number
  /**
   * The port whose carrier gates the session and that next hops of this neighbour resolve to; null:
   * control plane only.
   */
  readonly portId: number | null
  /** TCP port that is dialled. */
  readonly port: number
  /** Proposed hold time of its session, s: 0 or at least 3. */
  readonly holdTime: number
  /** NEXT_HOP of what is announced to it; null: the switch's address. */
  readonly nextHop: string | null
  /**
   * Routes that are announced to it. `connected`: the prefixes behind the switch. `forwarded`: the
   * prefixes that are forwarded to LBs at that time.
   */
  readonly exports: readonly ('connected' | 'forwarded')[]
  /** An announcement must be one of these or more specific than one of these. */
  readonly allowedPrefixes: readonly string[]
  /** True if the neighbour dials and is never dialled, as neighbours with a port always do. */
  readonly passive: boolean
  /**
   * Most prefixes accepted from this neighbour. One more ends the session (RFC 4271 §8.2.2,
   * Cease/1).
   */
  readonly prefixLimit: number
  /** BFD session with the neighbour; missing: none. */
  readonly bfd?: BfdSettings
}

/** The options of `resilient` are present with every selection. */
export interface EcmpConfig extends ResilientOptions {
  readonly selection: EcmpSelectionName
  readonly hash: FlowHashName
  /** 32 bits */
  readonly seed: number
}

export interface ClientEdgeConfig {
  readonly kind: 'client'
  readonly services: readonly EdgeServiceConfig[]
  readonly tcp: EdgeTcpConfig
  /** Records of the flows that clients open; null: none are made. */
  readonly records: FlowRecordsConfig | null
}

export interface FlowRecordsConfig {
  /** Time without a datagram after which a UDP flow has ended, ms. */
  readonly udpIdleMs: number
}

/**
 * One VIP service: its address in the fabric, and the address at which the edge listens for it
 * (`expose`, or else the same).
 */
export interface EdgeServiceConfig {
  readonly name: string
  readonly protocol: 'tcp' | 'udp'
  readonly address: string
  readonly port: number
  readonly listen: { readonly address: string; readonly port: number }
}

export interface ServerEdgeConfig {
  readonly kind: 'server'
  /** Prefixes of backends, CIDR. Only packets to these are turned into real sockets. */
  readonly prefixes: readonly string[]
  /**
   * Backends to which the client's address is sent in a PROXY protocol header (version 2); missing:
   * none.
   */
  readonly proxyProtocol?: readonly { readonly address: string; readonly port: number }[]
  /** Health checks of the LBs, for which flows are reserved; missing: none. */
  readonly checks?: EdgeChecksConfig
  /** True if services may carry TCP. Default: true. */
  readonly hasTcp?: boolean
  /** True if services may carry UDP. Default: true. */
  readonly hasUdp?: boolean
  /** Idle time after which a UDP flow's socket towards its server is closed, ms. */
  readonly udpIdleMs: number
  readonly tcp: EdgeTcpConfig
}

/** TCP flows of health checks as the edge sees them. */
export interface EdgeChecksConfig {
  /** Most reserved flows at once. */
  readonly flows: number
  /**
   * Their sources: the SNAT address of each LB, and the first and last of its source ports for
   * checks.
   */
  readonly sources: readonly { readonly address: string; readonly ports: readonly [number, number] }[]
}

export interface EdgeTcpConfig {
  /**
   * Receive window per flow and direction, bytes. It limits the bytes that wait for one slow
   * reader.
   */
  readonly windowBytes: number
  /** Idle time after which a flow is probed (RFC 9293 §3.8.4), ms; null: never. */
  readonly keepAliveMs: number | null
  /**
   * Idle time after which a half-closed flow is probed, ms. Without effect if `keepAliveMs` is
   * null.
   */
  readonly halfClosedKeepAliveMs: number
  /** Time without an acknowledgement of sent bytes after which a flow ends, ms. */
  readonly userTimeoutMs: number
  /**
   * Most flows at once, of TCP and of UDP each. The descriptors of the process may allow fewer: see
   * `flow-budgets.ts`.
   */
  readonly maxFlows: number
}
