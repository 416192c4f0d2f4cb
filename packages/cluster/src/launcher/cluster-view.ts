import type { Inhibitor, PlacedVip } from '@fivetuple/lb-node'
import type { ForwardedReport, ListenFailureStatus } from '@fivetuple/switch'
import type { ClusterPlan } from '../plan/plan.js'
import type { RoleReport } from './role-contracts.js'

/** LB that a route leads to. */
export interface RouteVia {
  readonly lb: string
  /** True if the LB requests no new flows. */
  readonly isDraining: boolean
}

type PlannedRoles = Pick<ClusterPlan, 'uplink' | 'downlink' | 'switches' | 'lbs' | 'backends' | 'vips'>

/**
 * State of the cluster, as its roles have reported it: readiness, routes, inhibitors, listeners.
 * Every wait for a change uses this view; nothing polls the roles. If a role has ended, its state
 * is unknown until its successor reports.
 *
 * Pure: reports in, state and a notification out.
 */
export class ClusterView {
  readonly #plan: PlannedRoles
  /** Switch → prefix → LBs; a switch that has not reported is missing. */
  readonly #routes = new Map<string, Map<string, readonly RouteVia[]>>()
  /** LB → VIPs that are to be on its interface; an LB that has not reported is missing. */
  readonly #placed = new Map<string, readonly PlacedVip[]>()
  readonly #starting: Set<string>
  readonly #observers = new Set<() => void>()
  #listenFailures: readonly ListenFailureStatus[] = []

  constructor(plan: PlannedRoles) {
    this.#plan = plan
    this.#starting = new Set([...plan.switches, ...plan.lbs, ...plan.backends].map(({ name }) => name))
  }

  /** Services that clients can't connect to, as the uplink switch has reported. */
  get listenFailures(): readonly ListenFailureStatus[] {
    return this.#listenFailures
  }

  /** True when nothing is {@link missing} and each VIP is listened for. */
  get isConverged(): boolean {
    return this.missing().length === 0 && this.#listenFailures.length === 0
  }

  /** LBs that the uplink switch forwards a VIP to. @param vip its address */
  routesOf(vip: string): readonly RouteVia[] {
    return this.#routes.get(this.#plan.uplink.name)?.get(`${vip}/32`) ?? []
  }

  /** Names of the LBs that the uplink switch forwards a VIP to. @param vip its address */
  lbsVia(vip: string): string[] {
    return this.routesOf(vip).map(({ lb }) => lb)
  }

  /** True if the downlink switch forwards an LB's SNAT address to it. */
  hasReturnRoute(lb: string, bip: string): boolean {
    const routes = this.#routes.get(this.#plan.downlink.name)?.get(`${bip}/32`) ?? []
    return routes.some((route) => route.lb === lb)
  }

  /**
   * Reasons why a VIP is not on an LB's interface; undefined: the LB has reported none since it
   * started.
   */
  inhibitorsOf(lb: string, vip: string): readonly Inhibitor[] | undefined {
    return this.#placed.get(lb)?.find(({ address }) => address === vip)?.inhibitedBy
  }

  /**
   * Requirements that are not met yet, in words: roles that start, and routes that are missing
   * without an inhibitor.
   */
  missing(): string[] {
    const routes = this.#plan.vips.flatMap((vip) => {
      const via = this.lbsVia(vip.address)
      const inhibitors = (lb: string) => this.inhibitorsOf(lb, vip.address) ?? []
      if (via.length === 0 && vip.lbs.some((lb) => inhibitors(lb).join() === 'standby'))
        return [`an active LB for ${vip.name}`]
      return vip.lbs
        .filter((lb) => !via.includes(lb) && inhibitors(lb).length === 0)
        .map((lb) => `route of ${vip.name} via ${lb}`)
    })
    return [...this.#starting, ...routes]
  }

  /** Calls `observe` after each change, until the returned function is called. */
  subscribe(observe: () => void): () => void {
    this.#observers.add(observe)
    return () => this.#observers.delete(observe)
  }

  /** Records that a role is ready. */
  onReady(name: string): void {
    this.#starting.delete(name)
    this.#notify()
  }

  /** Records that a role has ended. */
  onDied(name: string): void {
    this.#routes.delete(name)
    this.#placed.delete(name)
    if (name === this.#plan.uplink.name) this.#listenFailures = []
    this.#notify()
  }

  /** Records a report of a role. */
  onReport(name: string, report: RoleReport): void {
    if (report.event === 'vips') this.#placed.set(name, report.data)
    else if (report.event === 'routes') this.#onRoutes(name, report.data)
    else if (report.event === 'listenFailures' && name === this.#plan.uplink.name) this.#listenFailures = report.data
    else return
    this.#notify()
  }

  #onRoutes(name: string, { isFirst, forwardedBy, draining }: ForwardedReport): void {
    const routes = (isFirst ? undefined : this.#routes.get(name)) ?? new Map<string, readonly RouteVia[]>()
    this.#routes.set(name, routes)
    for (const prefix of new Set([...Object.keys(forwardedBy), ...Object.keys(draining)])) {
      const before = routes.get(prefix) ?? []
      const lbs = forwardedBy[prefix] ?? before.map(({ lb }) => lb)
      const drained = draining[prefix] ?? before.flatMap(({ lb, isDraining }) => (isDraining ? [lb] : []))
      if (lbs.length === 0) routes.delete(prefix)
      else
        routes.set(
          prefix,
          lbs.map((lb) => ({ lb, isDraining: drained.includes(lb) })),
        )
    }
  }

  #notify(): void {
    for (const observe of [...this.#observers]) observe()
  }
}
