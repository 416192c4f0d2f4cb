import type { BackendPolicyName, CapacityConfig, LbHealthConfig, NatConfig, ServiceLimits } from '@fivetuple/lb-node'
import type { EcmpConfig } from '@fivetuple/switch'

/** A cluster as its user wants it: everything filled in and checked. Addresses are dotted quads. */
export interface ClusterConfig {
  readonly name: string
  /** The /16 that all roles live in, CIDR; 'auto': any free one. */
  readonly block: string
  /** Number of LBs. */
  readonly lbs: number
  readonly backends: readonly BackendEntry[]
  readonly vips: readonly VipConfig[]
  readonly ecmp: EcmpConfig
  /** Processes that forward, per switch. */
  readonly lineCards: number
  readonly bgp: ClusterBgpConfig
  /** What holds for all LBs. */
  readonly lbSettings: LbSettings
  /** By name: LBs that have settings of their own, complete. */
  readonly overrides: Readonly<Record<string, LbSettings>>
  readonly redundancy: 'active-active' | 'active-standby'
  readonly vrrp: ClusterVrrpConfig
  readonly edge: ClusterEdgeConfig
  readonly logLevel: string
}

/** What may differ from one LB to the other. */
export interface LbSettings {
  readonly nat: NatConfig
  readonly capacity: CapacityConfig
}

/** A backend server. */
export interface BackendEntry {
  readonly name: string
  /** A server of the user's own; null: we start it, at an address of the block. */
  readonly server: ConfigEndpoint | null
}

/** An address and a port as configurations write them. */
export interface ConfigEndpoint {
  readonly address: string
  readonly port: number
}

/** One virtual service. */
export interface VipConfig {
  readonly name: string
  /** null: the entry's position in the block's range for VIPs. */
  readonly address: string | null
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  /** Names of the LBs that carry it from the start. */
  readonly lbs: readonly string[]
  readonly backends: readonly string[]
  /** Shares by backend, 0 to 256; 1 where nothing is said. */
  readonly weights: Readonly<Record<string, number>>
  readonly policy: BackendPolicyName
  readonly health: LbHealthConfig
  readonly limits: ServiceLimits
  /** How the client's address gets to the backend. */
  readonly clientAddress: 'none' | 'toa' | 'proxy-v2'
  /** Where clients connect instead of the fabric address; null: there. */
  readonly expose: ConfigEndpoint | null
}

/** How LBs choose the one that carries the VIPs, where one does. */
export interface ClusterVrrpConfig {
  readonly intervalMs: number
  readonly preempt: boolean
}

export interface ClusterBgpConfig {
  readonly port: number
  /** seconds; 0: no hold timer */
  readonly holdTime: number
  readonly switchAs: number
  readonly downlinkAs: number
  readonly lbAs: number
  /** LB k announces the k-th address in here as next hop, CIDR; null: its router address. */
  readonly nextHops: string | null
  readonly neighbors: readonly NeighborConfig[]
}

/** A further BGP neighbour of a switch, such as a real routing daemon: control plane only. */
export interface NeighborConfig {
  readonly name: string
  readonly switch: 'uplink' | 'downlink'
  readonly address: string
  readonly as: number
  /** Whether it dials us and is never dialled. */
  readonly passive: boolean
  readonly allowedPrefixes: readonly string[]
  readonly prefixLimit: number
  /** Routes that its switch announces to it; none: nothing. */
  readonly export: readonly NeighborExport[]
  /** NEXT_HOP of what is announced to it; null: the switch's address. */
  readonly nextHop: string | null
  /** TCP port that is dialled; null: the one that all speak BGP on. */
  readonly port: number | null
  /** Proposed hold time, s; 0: no hold timer; null: that of all sessions. */
  readonly holdTime: number | null
}

/**
 * A set of routes. `default`: 0.0.0.0/0, which lies behind the uplink switch. `vips`: the VIPs that are forwarded to LBs now.
 * `backends`: the prefixes of the backends, which lie behind the downlink switch.
 */
export type NeighborExport = 'default' | 'vips' | 'backends'

export interface ClusterEdgeConfig {
  readonly windowBytes: number
  /** null: no keep-alive */
  readonly keepAliveMs: number | null
  readonly maxFlows: number
}

/** What a command line says over the configuration. */
export interface ConfigOverrides {
  readonly lbs?: number | undefined
  readonly backends?: number | undefined
  readonly block?: string | undefined
  readonly checks?: boolean | undefined
}
