import type { ProcessResources } from '@fivetuple/runtime'
import type { ServiceLimits } from './config.js'
import type { RedundancyStatus } from './control-plane/redundancy/status.js'
import type { Inhibitor } from './control-plane/vip-placement.js'

/** What an LB tells of itself. Addresses are text, counters totals since its start. */
export interface LbStatus {
  readonly name: string
  readonly address: string
  readonly bip: string
  /** VIPs that are to be on its interface. */
  readonly vips: readonly PlacedVip[]
  /** Who carries which VIP; null: all LBs carry theirs at once. */
  readonly redundancy: RedundancyStatus | null
  /** It asks for no new flows. */
  readonly draining: boolean
  readonly cables: { readonly uplink: boolean; readonly downlink: boolean }
  readonly sessions: number
  /** Sessions that a drain of this LB waits for: all of TCP; of UDP none after two seconds, since their flows are elsewhere. */
  readonly sessionsToDrain: number
  readonly sessionsByState: Readonly<Record<string, number>>
  readonly bgp: Readonly<Record<string, string>>
  readonly packets: { readonly fromUplink: number; readonly fromDownlink: number }
  readonly bytes: { readonly fromUplink: number; readonly fromDownlink: number }
  readonly services: readonly LbServiceStatus[]
  readonly sessionsEvicted: number
  /** New flows that were given to another backend because the first did not take them. */
  readonly connectRetries: number
  /** UDP flows that were given another backend because theirs has refused a datagram, or may take no new flows. */
  readonly udpFlowsMoved: number
  readonly resetsSent: number
  readonly drops: Readonly<Record<string, number>>
  readonly process: ProcessResources
}

/** A VIP that an operator has put on an LB. */
export interface PlacedVip {
  readonly address: string
  /** Reasons why it is not on the interface; empty: it is. */
  readonly inhibitedBy: readonly Inhibitor[]
  /** Reasons why it takes no new flows although it is on the interface; empty: it takes them. */
  readonly drainedBy: readonly Inhibitor[]
}

export interface LbServiceStatus {
  readonly name: string
  readonly policy: string
  readonly limits: ServiceLimits
  readonly sessions: number
  /** Flows since the start. */
  readonly newFlows: number
  /** True in panic mode: too few backends are healthy, and health is ignored when one is picked. */
  readonly isInPanic: boolean
  /** New flows since the start that were given to a backend in panic mode. */
  readonly flowsInPanic: number
  readonly backends: readonly LbBackendStatus[]
}

export interface LbBackendStatus {
  readonly name: string
  readonly weight: number
  readonly isHealthy: boolean
  /** null: it is not checked. */
  readonly check: CheckView | null
  readonly isDrained: boolean
  readonly sessions: number
  /** Sessions that a drain of this backend waits for: all of TCP; of UDP those that may still be in use. */
  readonly sessionsToDrain: number
  readonly newFlows: number
  /** New flows that it refused or did not answer. */
  readonly connectFailures: number
}

/** What health checks say of a backend. */
export interface CheckView {
  readonly type: 'http' | 'tcp' | 'udp'
  readonly health: 'unknown' | 'healthy' | 'unhealthy'
  /** For how long, ms. */
  readonly sinceMs: number
  readonly lastReason: string
  /** Reason of the last failure, of a check or of the traffic; null: there was none. */
  readonly lastFailure: string | null
  /** ms; null before the first check has ended */
  readonly lastDurationMs: number | null
  readonly successes: number
  readonly failures: number
}

/** One NAT session as people read it; endpoints are `address:port`. */
export interface SessionView {
  readonly protocol: string
  readonly client: string
  readonly vip: string
  /** BIP and port that the backend sees. */
  readonly bip: string
  readonly backend: string
  readonly state: string
  readonly ageMs: number
  readonly idleMs: number
  readonly packetsFromClient: number
  readonly packetsFromBackend: number
}
