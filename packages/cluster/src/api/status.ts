import type { LbStatus } from '@fivetuple/lb-node'
import type { SwitchStatus } from '@fivetuple/switch'

/** What the control API tells of a cluster. Addresses and prefixes are text, times are milliseconds, counters totals. */

export interface RoleStatus {
  readonly name: string
  readonly kind: 'switch' | 'lb' | 'backend'
  /** 0 while it is not running */
  readonly pid: number
  readonly state: 'starting' | 'running' | 'restarting' | 'stopped'
  readonly restarts: number
}

export interface VipStatus {
  readonly name: string
  readonly address: string
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  /** Where clients connect: the VIP's own address and port unless it is exposed elsewhere. */
  readonly listen: string
  /** LBs that are to carry it. */
  readonly lbs: readonly string[]
  /** LBs that its route names now. */
  readonly routedTo: readonly string[]
}

export interface ClusterStatus {
  readonly name: string
  readonly block: string
  readonly roles: readonly RoleStatus[]
  readonly vips: readonly VipStatus[]
  /** By role name; a role that did not answer is missing and named in `silent`. */
  readonly switches: Readonly<Record<string, SwitchStatus>>
  readonly lbs: Readonly<Record<string, LbStatus>>
  readonly silent: readonly { readonly name: string; readonly reason: string }[]
}

/** What would happen to one five-tuple now, hop by hop. */
export interface Explanation {
  readonly client: string
  readonly vip: string
  readonly protocol: 'tcp' | 'udp'
  /** The uplink switch's decision; null when it has no route for the VIP. */
  readonly route: RouteDecision | null
  /** The session that the chosen LB holds for this flow, if any. */
  readonly session: SessionView | null
}

export interface RouteDecision {
  readonly prefix: string
  readonly cost: number
  readonly hash: { readonly name: string; readonly seed: number; readonly value: number }
  readonly selection: string
  /** Number of equal-cost next hops, the M of HASH % M. */
  readonly m: number
  /** Which of them, from 0. */
  readonly index: number
  readonly port: number
  readonly lb: string
}

/** One NAT session. */
export interface SessionView {
  readonly client: string
  readonly vip: string
  /** BIP and port that the backend sees. */
  readonly bip: string
  readonly backend: string
  readonly state: string
  readonly idleMs: number
}

/** The VIPs on one LB's interface. */
export interface LbVips {
  readonly lb: string
  /** Addresses, with the names of their services where they have one. */
  readonly vips: readonly { readonly address: string; readonly names: readonly string[] }[]
}
