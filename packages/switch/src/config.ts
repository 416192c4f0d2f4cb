import type { FlowHashName } from '@fivetuple/packet'
import type { EcmpSelectionName } from './data-plane/ecmp/registry.js'
import type { ResilientOptions } from './data-plane/ecmp/resilient.js'

/**
 * Configuration of one switch process: uplink and downlink are the same program with two of these.
 */
export interface SwitchConfig {
  readonly name: string
  readonly role: 'uplink' | 'downlink'
  /** Router address: BGP and cables listen here. Dotted quad, as all addresses in here. */
  readonly address: string
  /** TCP port on `address` where LBs plug in their cables. */
  readonly cablePort: number
  /**
   * Shared secret of the cluster, hexadecimal, at least 16 bytes. Cables prove that they know it.
   */
  readonly clusterKey: string
  readonly ports: readonly SwitchPortConfig[]
  readonly bgp: SwitchBgpConfig
  readonly ecmp: EcmpConfig
  readonly edge: ClientEdgeConfig | ServerEdgeConfig
  /**
   * Processes that forward, 1 to 16; missing: 1, which is this very process. Each cable then has as
   * many member links: member link i ends in card i, at `cablePort` + i.
   */
  readonly lineCards?: number
  readonly logLevel: string
}

/** Port k: a cable to one LB, which dials it. */
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
   * Prefixes in CIDR notation that lie behind this switch: connected, and announced to neighbours
   * that export them.
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
   * Routes that are announced to it. `connected`: the prefixes behind the switch. `forwarded`:
   * prefixes that are forwarded to LBs, for as long as they are.
   */
  readonly exports: readonly ('connected' | 'forwarded')[]
  /** An announcement must be one of these or more specific than one of these. */
  readonly allowedPrefixes: readonly string[]
  /** True if it dials us and is never dialled; neighbours with a port always do. */
  readonly passive: boolean
  /**
   * Most prefixes taken from this neighbour; one more ends the session (RFC 4271 §8.2.2, Cease/1).
   */
  readonly prefixLimit: number
}

/** The options of `resilient` are there whatever the selection is. */
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
}

/**
 * One VIP service: its fabric address, and where the edge listens for it (`expose`, else the same).
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
  /** Prefixes of backends, CIDR: packets to these are turned into real sockets, nothing else is. */
  readonly prefixes: readonly string[]
  /** Backends that get the client in a PROXY protocol header (version 2); missing: none. */
  readonly proxyProtocol?: readonly { readonly address: string; readonly port: number }[]
  /** Health checks of the LBs, for which flows are reserved; missing: none. */
  readonly checks?: EdgeChecksConfig
  /** True if services carry TCP; missing: they may. */
  readonly hasTcp?: boolean
  /** True if services carry UDP; missing: they may. */
  readonly hasUdp?: boolean
  /** Silence after which a UDP flow's socket towards its server is closed, ms. */
  readonly udpIdleMs: number
  readonly tcp: EdgeTcpConfig
}

/** TCP flows of health checks as the edge sees them. */
export interface EdgeChecksConfig {
  /** Most of them that are reserved at once. */
  readonly flows: number
  /** Their sources: the SNAT address of each LB, and the first and last of its ports for checks. */
  readonly sources: readonly { readonly address: string; readonly ports: readonly [number, number] }[]
}

export interface EdgeTcpConfig {
  /** Receive window per flow and direction, bytes; the bound of what one slow reader holds. */
  readonly windowBytes: number
  /** Silence after which a flow is probed (RFC 9293 §3.8.4), ms; null: never. */
  readonly keepAliveMs: number | null
  /** The same of a half-closed flow, ms. Without effect if `keepAliveMs` is null. */
  readonly halfClosedKeepAliveMs: number
  /** A flow ends when nothing of what it has sent is acknowledged for so long, ms. */
  readonly userTimeoutMs: number
  /**
   * Most flows at once, of TCP and of UDP each. The descriptors of the process may allow fewer: see
   * `flow-budgets.ts`.
   */
  readonly maxFlows: number
}
