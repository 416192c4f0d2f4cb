import type { BackendPolicyName, Inhibitor, LbStatus, ServiceLimits, SessionView } from '@fivetuple/lb-node'
import type { RouteExplanation, SwitchStatus } from '@fivetuple/switch'

/** What the control API tells of a cluster. Addresses and prefixes are text, times are milliseconds, counters totals. */

export interface RoleStatus {
  readonly name: string
  readonly kind: 'switch' | 'lb' | 'backend'
  /** 0 while it is not running */
  readonly pid: number
  /** `paused`: stopped by SIGSTOP. `kept-stopped`: down until it is started by a command. */
  readonly state: 'starting' | 'running' | 'paused' | 'restarting' | 'kept-stopped' | 'stopped'
  readonly restarts: number
  /** Delay between its death and its next start, ms; null when it is not 'restarting'. */
  readonly restartInMs: number | null
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
  /** Reason why clients can't connect although there is a route; null: there is none. It is tried again every second. */
  readonly listenFailure: ListenFailure | null
}

/** A listener that can't be opened. */
export interface ListenFailure {
  /** errno, as in `EADDRINUSE`. */
  readonly code: string
  /** Address, port, meaning of the error and remedy. */
  readonly reason: string
}

export interface ClusterStatus {
  readonly name: string
  readonly block: string
  readonly roles: readonly RoleStatus[]
  readonly vips: readonly VipStatus[]
  /** By role name; a role that did not answer is missing and named in `unreachable`. */
  readonly switches: Readonly<Record<string, SwitchStatus>>
  readonly lbs: Readonly<Record<string, LbStatus>>
  readonly unreachable: readonly { readonly name: string; readonly reason: string }[]
}

/** What would happen to one five-tuple now, hop by hop. */
export interface Explanation {
  readonly client: string
  readonly vip: string
  readonly protocol: 'tcp' | 'udp'
  /** The uplink switch's decision; null when it has no route for the VIP. */
  readonly route: RouteExplanation | null
  /** The session that the chosen LB holds for this flow, if any. */
  readonly session: SessionView | null
  /**
   * Other LBs that hold a session of this flow while the chosen one holds none: the flow is broken by rehash when its
   * client sends next.
   */
  readonly sessionsElsewhere: readonly { readonly lb: string; readonly session: SessionView }[]
}

/** Outcomes of the established TCP flows if some LBs were gone. */
export interface Prediction {
  readonly without: readonly string[]
  /** How LBs are selected, as in `modulo over murmur3`. */
  readonly selection: string
  /** VIPs that have flows, in the configuration's order. */
  readonly vips: readonly VipPrediction[]
}

export interface VipPrediction extends FlowPrediction {
  readonly vip: string
  /** The flows that an LB has now, per LB. */
  readonly byLb: Readonly<Record<string, FlowPrediction>>
}

/** Numbers of flows, per outcome. */
export interface FlowPrediction {
  /** All established flows: the sum of the others. */
  readonly flows: number
  /** Flows of the LBs that would be gone: lost with their LB. */
  readonly directLoss: number
  /** Flows of other LBs that would be rehashed to an LB without their session: broken by rehash. */
  readonly collateral: number
  /** Flows that would keep their LB. */
  readonly unaffected: number
}

/** What one LB carries. */
export interface LbSessions {
  readonly lb: string
  readonly sessions: readonly SessionView[]
  /** Why it says nothing, if so: then none of its sessions are known. */
  readonly unreachable?: string
}

/** The VIPs on one LB's interface. */
export interface LbVips {
  readonly lb: string
  readonly vips: readonly {
    readonly address: string
    /** Its services. */
    readonly names: readonly string[]
    /** Reasons why it is not on the interface although it is to be; empty: it is. */
    readonly inhibitedBy: readonly Inhibitor[]
    /** Reasons why it takes no new flows although it is on the interface; empty: it takes them. */
    readonly drainedBy: readonly Inhibitor[]
  }[]
  /** Why it says nothing, if so: then `vips` are those that it is to have when it is back. */
  readonly unreachable?: string
}

/** How a VIP's new flows are balanced. */
export interface VipSettings {
  readonly name: string
  readonly policy: BackendPolicyName
  readonly limits: ServiceLimits
  /** By backend, 0 to 256. */
  readonly weights: Readonly<Record<string, number>>
}

/** What is to be different; the rest stays. */
export interface VipSettingsChange {
  readonly policy?: BackendPolicyName
  readonly limits?: Partial<ServiceLimits>
  readonly weights?: Readonly<Record<string, number>>
}

/** How far the drain of an LB is. */
export interface LbDrainState {
  readonly lb: string
  readonly draining: boolean
  /** Sessions that the drain still waits for: all of TCP; of UDP none after two seconds, unless no other LB takes their flows. */
  readonly sessions: number
  /** VIPs whose new flows go on coming while it drains: no other LB takes them. */
  readonly onlyCarrierOf: readonly string[]
}

/** How far the drain of a backend is. */
export interface BackendDrainState {
  readonly backend: string
  readonly draining: boolean
  /** Sessions of all LBs that the drain still waits for: all of TCP; of UDP those that may still be in use. */
  readonly sessions: number
  readonly sessionsByLb: Readonly<Record<string, number>>
}
