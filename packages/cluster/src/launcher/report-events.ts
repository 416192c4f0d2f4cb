import type { ClusterPlan } from '../plan/plan.js'
import type { ClusterView } from './cluster-view.js'
import type { Happening } from './events.js'
import { listenFailureOf } from './listen-failure.js'
import type { RoleReport } from './role-contracts.js'

/**
 * Derives the cluster's events from its view: each change of routes, inhibitors and listeners once.
 */
export class ReportEvents {
  readonly #vips: ClusterPlan['vips']
  readonly #uplink: string
  readonly #view: ClusterView
  /** Last report, by VIP, or by VIP and LB. */
  readonly #routes = new Map<string, string>()
  readonly #inhibitors = new Map<string, string>()
  readonly #failures = new Map<string, string | undefined>()

  constructor({ vips, uplink }: Pick<ClusterPlan, 'vips' | 'uplink'>, view: ClusterView) {
    this.#vips = vips
    this.#uplink = uplink.name
    this.#view = view
  }

  /** Returns the events of a report that the view has taken. */
  onReport(name: string, report: RoleReport): Happening[] {
    if (report.event === 'vips') return this.inhibitors(name)
    if (name !== this.#uplink || report.event === 'happenings') return []
    return report.event === 'routes' ? this.routes() : this.listeners()
  }

  /** Returns the changes of the VIPs' routes since the last call. */
  routes(): Happening[] {
    return this.#vips.flatMap(({ name, address }): Happening[] => {
      const lbs = this.#view.lbsVia(address)
      return isNews(this.#routes, name, lbs.join()) ? [{ event: 'routes', vip: name, lbs }] : []
    })
  }

  /** Returns the changes of an LB's inhibitors since the last call. */
  inhibitors(lb: string): Happening[] {
    return this.#vips.flatMap(({ name, address }): Happening[] => {
      const inhibitors = this.#view.inhibitorsOf(lb, address)
      // A VIP that was removed keeps its last value: if it is added again without inhibitors, that
      // is a change.
      if (inhibitors === undefined) return []
      const isChanged = isNews(this.#inhibitors, `${lb} ${name}`, inhibitors.join())
      return isChanged ? [{ event: 'inhibited', vip: name, lb, inhibitors }] : []
    })
  }

  /** Returns the changes of listeners since the last call. */
  listeners(): Happening[] {
    return this.#vips.flatMap(({ name, listen }): Happening[] => {
      const failure = listenFailureOf(name, this.#view.listenFailures)
      if (failure?.reason === this.#failures.get(name)) return []
      this.#failures.set(name, failure?.reason)
      return [{ event: 'listener', vip: name, listen: `${listen.address}:${listen.port}`, failure }]
    })
  }

  /** Deletes the reports of an LB that has ended: the first report of its successor is a change. */
  onDied(lb: string): void {
    for (const { name } of this.#vips) this.#inhibitors.delete(`${lb} ${name}`)
  }
}

/** Stores a value; returns true if it differs from the one before. */
function isNews(known: Map<string, string>, key: string, value: string): boolean {
  const before = known.get(key) ?? ''
  known.set(key, value)
  return value !== before
}
