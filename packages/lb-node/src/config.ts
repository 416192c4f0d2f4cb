/** What one LB process is told. Addresses are dotted quads. */
export interface LbConfig {
  readonly name: string
  /** k of LB k: port k on both switches. */
  readonly id: number
  /** Router address: cables and BGP are dialled from here, and it is the next hop in announcements. */
  readonly address: string
  /** Backend IP: the source address that backends see. Every LB has its own (claim C6). */
  readonly bip: string
  readonly clusterKey: string
  /** Where the two cables are plugged in. */
  readonly cables: { readonly uplink: LbCableConfig; readonly downlink: LbCableConfig }
  readonly bgp: LbBgpConfig
  /** Virtual services that this LB knows; which it carries is decided by its interface alone. */
  readonly services: readonly LbServiceConfig[]
  /** Addresses on the interface at start. */
  readonly vips: readonly string[]
  readonly nat: NatConfig
  readonly logLevel: string
}

export interface LbCableConfig {
  /** Name that the switch must show in the cable's hello. */
  readonly peer: string
  readonly address: string
  readonly port: number
}

export interface LbBgpConfig {
  readonly port: number
  readonly as: number
  /** seconds; 0 or at least 3 */
  readonly holdTime: number
  readonly uplink: { readonly address: string; readonly as: number }
  readonly downlink: { readonly address: string; readonly as: number }
  /** NEXT_HOP in announcements; null: the LB's router address. For real daemons that refuse 127/8. */
  readonly nextHop: string | null
}

export interface LbServiceConfig {
  readonly name: string
  readonly protocol: 'tcp' | 'udp'
  readonly address: string
  readonly port: number
  readonly policy: 'round-robin'
  readonly backends: readonly LbBackendConfig[]
}

export interface LbBackendConfig {
  readonly name: string
  readonly address: string
  readonly port: number
}

export interface NatConfig {
  /** First and last source port used towards backends, inclusive. */
  readonly portRange: readonly [number, number]
  readonly maxSessions: number
  /** Idle time per state, ms. */
  readonly timeouts: NatTimeouts
  /** What answers a non-SYN TCP packet without a session. */
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
