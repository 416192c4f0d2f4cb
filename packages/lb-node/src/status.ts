/** What an LB tells of itself. Addresses are text, counters totals since its start. */
export interface LbStatus {
  readonly name: string
  readonly address: string
  readonly bip: string
  /** VIPs on its interface. */
  readonly vips: readonly string[]
  readonly cables: { readonly uplink: boolean; readonly downlink: boolean }
  readonly sessions: number
  readonly sessionsByState: Readonly<Record<string, number>>
  readonly bgp: Readonly<Record<string, string>>
  readonly packets: { readonly fromUplink: number; readonly fromDownlink: number }
  readonly bytes: { readonly fromUplink: number; readonly fromDownlink: number }
  readonly services: readonly LbServiceStatus[]
  readonly drops: Readonly<Record<string, number>>
}

export interface LbServiceStatus {
  readonly name: string
  readonly sessions: number
  /** Flows since the start. */
  readonly newFlows: number
  readonly backends: readonly LbBackendStatus[]
}

export interface LbBackendStatus {
  readonly name: string
  readonly sessions: number
  readonly newFlows: number
}
