import type { Checked, Fault, Scope } from '@fivetuple/faults'
import type { BackendPolicyName, CapacityConfig, LbHealthConfig, NatConfig, ServiceLimits } from '@fivetuple/lb-node'
import type { EcmpConfig } from '@fivetuple/switch'

/** Complete and valid configuration of a cluster. Addresses are dotted quads. */
export interface ClusterConfig {
  readonly name: string
  /** The /16 of all roles, CIDR; 'auto': any free one. */
  readonly block: string
  /** Number of LBs. */
  readonly lbs: number
  readonly backends: readonly BackendEntry[]
  readonly vips: readonly VipConfig[]
  readonly ecmp: EcmpConfig
  /** Number of processes that forward, per switch. */
  readonly lineCards: number
  readonly bgp: ClusterBgpConfig
  /** BFD between LBs and switches; null: none. */
  readonly bfd: BfdConfig | null
  /** Settings of all LBs. */
  readonly lbSettings: LbSettings
  /** Complete settings of the LBs that differ, by name. */
  readonly overrides: Readonly<Record<string, LbSettings>>
  readonly redundancy: 'active-active' | 'active-standby'
  readonly vrrp: ClusterVrrpConfig
  readonly edge: ClusterEdgeConfig
  /** Log of events: number that is kept. */
  readonly events: { readonly kept: number }
  /** Records of flows; null: none are made. */
  readonly flows: { readonly kept: number } | null
  readonly logLevel: string
  /** Faults of links at the start, in the order of their injection. */
  readonly links: readonly LinkFaultsConfig[]
}

/** Faults of one or both links of an LB, or of each LB. */
export interface LinkFaultsConfig {
  /** Name of an LB, or 'all'. */
  readonly lb: string
  readonly side: 'uplink' | 'downlink' | 'both'
  readonly direction: 'in' | 'out' | 'both' | undefined
  readonly scope: Scope | undefined
  /** null: a random one. */
  readonly seed: number | null
  readonly faults: readonly { readonly kind: string; readonly fault: Checked<Fault> }[]
}

/** Settings that may differ between LBs. */
export interface LbSettings {
  readonly nat: NatConfig
  readonly capacity: CapacityConfig
}

/** A backend server. */
export interface BackendEntry {
  readonly name: string
  /**
   * Address of the user's own server; null: the launcher starts the backend, at an address of the
   * block.
   */
  readonly server: ConfigEndpoint | null
}

/** Address and port, as in configurations. */
export interface ConfigEndpoint {
  readonly address: string
  readonly port: number
}

/** Virtual service. */
export interface VipConfig {
  readonly name: string
  /** Address; null: by the position of the entry, in the block's range for VIPs. */
  readonly address: string | null
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  /** Names of the LBs that carry it from the start. */
  readonly lbs: readonly string[]
  readonly backends: readonly string[]
  /** Weights per backend, 0 to 256; default 1. */
  readonly weights: Readonly<Record<string, number>>
  readonly policy: BackendPolicyName
  readonly health: LbHealthConfig
  readonly limits: ServiceLimits
  /** Form in which the client's address is passed to the backend. */
  readonly clientAddress: 'none' | 'toa' | 'proxy-v2'
  /** Address and port where clients connect; null: those of the fabric. */
  readonly expose: ConfigEndpoint | null
}

/** Election of the LB that carries the VIPs, if only one does. */
export interface ClusterVrrpConfig {
  readonly intervalMs: number
  readonly preempt: boolean
}

/** Settings of BFD sessions. */
export interface BfdConfig {
  /** Shortest interval between packets in either direction, ms. */
  readonly intervalMs: number
  /** Missing packets that make a failure. */
  readonly multiplier: number
  /** null: none */
  readonly auth: BfdAuthConfig | null
}

export interface BfdAuthConfig {
  readonly type: 'keyed-sha1' | 'meticulous-keyed-sha1'
  /** 0 to 255 */
  readonly keyId: number
  /** Secret, 1 to 20 characters of ASCII; null: derived from the cluster's key. */
  readonly key: string | null
}

/** Settings of the BFD session with an external neighbour. */
export interface NeighborBfdConfig extends BfdConfig {
  readonly multihop: boolean
}

export interface ClusterBgpConfig {
  readonly port: number
  /** Hold time, s; 0: no hold timer. */
  readonly holdTime: number
  readonly switchAs: number
  readonly downlinkAs: number
  readonly lbAs: number
  /**
   * CIDR: LB k announces its k-th address as next hop; null: LBs announce their router addresses.
   */
  readonly nextHops: string | null
  readonly neighbors: readonly NeighborConfig[]
}

/** External BGP neighbour of a switch, such as a real routing daemon: control plane only. */
export interface NeighborConfig {
  readonly name: string
  readonly switch: 'uplink' | 'downlink'
  readonly address: string
  readonly as: number
  /** True if the neighbour dials the switch and is never dialled. */
  readonly passive: boolean
  readonly allowedPrefixes: readonly string[]
  readonly prefixLimit: number
  /** Routes that its switch announces to it. */
  readonly export: readonly NeighborExport[]
  /** NEXT_HOP of the announced routes; null: the address of the switch. */
  readonly nextHop: string | null
  /** TCP port that is dialled; null: the BGP port of the cluster. */
  readonly port: number | null
  /** Proposed hold time, s; 0: no hold timer; null: that of all sessions. */
  readonly holdTime: number | null
  /** null: no BFD */
  readonly bfd: NeighborBfdConfig | null
}

/**
 * Set of routes. `default`: 0.0.0.0/0, which is behind the uplink switch. `vips`: the VIPs that are
 * forwarded to LBs now. `backends`: the prefixes of the backends, which are behind the downlink
 * switch.
 */
export type NeighborExport = 'default' | 'vips' | 'backends'

export interface ClusterEdgeConfig {
  readonly windowBytes: number
  /** Keep-alive of the edges; null: off. */
  readonly keepAliveMs: number | null
  readonly maxFlows: number
}

/** Settings on the command line, which override the configuration. */
export interface ConfigOverrides {
  readonly lbs?: number | undefined
  readonly backends?: number | undefined
  readonly block?: string | undefined
  readonly checks?: boolean | undefined
}
