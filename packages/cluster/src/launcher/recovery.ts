import { ApiError } from '../api/problem.js'
import type { ClusterPlan } from '../plan/plan.js'
import type { ClusterView } from './cluster-view.js'
import type { LbConfigs } from './lb-configs.js'
import { type UntilOptions, until } from './until.js'

/** Longest recovery of an LB. It usually takes a second; after ten seconds it needs help. */
const RECOVERY_MAX_MS = 10_000
/** Longest time until healthy backends that an LB could not reach are found healthy again. */
const HEALTH_MAX_MS = 5_000

/** Waits until LBs carry their VIPs. */
export class Recovery {
  readonly #plan: Pick<ClusterPlan, 'vips'>
  readonly #configs: Pick<LbConfigs, 'get'>
  readonly #view: ClusterView
  readonly #after: UntilOptions['after']

  /** @param after default: real time */
  constructor(
    plan: Pick<ClusterPlan, 'vips'>,
    configs: Pick<LbConfigs, 'get'>,
    view: ClusterView,
    after?: UntilOptions['after'],
  ) {
    this.#plan = plan
    this.#configs = configs
    this.#view = view
    this.#after = after
  }

  /**
   * Waits until all routes of LBs are there: each VIP on their interfaces at the uplink switch,
   * their SNAT addresses at the downlink switch. If that takes too long, rejects with the names of
   * the missing routes.
   *
   * @returns names of VIPs that one of them keeps inhibited, since too few of their backends are
   * healthy
   */
  async untilRouted(lbs: readonly string[]): Promise<string[]> {
    const after = this.#after && { after: this.#after }
    const isBack = (): boolean => this.#missing(lbs) === undefined
    const isHealthy = (): boolean => isBack() && this.#unhealthy(lbs).length === 0
    await until(this.#view, isHealthy, { timeoutMs: HEALTH_MAX_MS, ...after })
    if (!(await until(this.#view, isBack, { timeoutMs: RECOVERY_MAX_MS - HEALTH_MAX_MS, ...after })))
      throw new ApiError(
        503,
        `not all is back after ${RECOVERY_MAX_MS / 1000} s: ${this.#missing(lbs)}; see 'fivetuple status'`,
      )
    return this.#unhealthy(lbs)
  }

  /** Names of the VIPs that are routed to an LB. */
  vipsOf(lb: string): string[] {
    return this.#plan.vips.filter(({ address }) => this.#view.lbsVia(address).includes(lb)).map(({ name }) => name)
  }

  /** First requirement that is not met; undefined: all are met. */
  #missing(lbs: readonly string[]): string | undefined {
    for (const lb of lbs) {
      const { bip, vips, draining } = this.#configs.get(lb)!
      for (const address of vips) {
        const inhibitors = this.#view.inhibitorsOf(lb, address)
        if (inhibitors === undefined || inhibitors.includes('no-downlink'))
          return `${lb} has no carrier to the downlink switch`
        if (inhibitors.length === 0 && !draining && !this.#view.lbsVia(address).includes(lb))
          return `the route of ${address} via ${lb}`
      }
      if (!this.#view.hasReturnRoute(lb, bip)) return `the route to ${lb}'s SNAT address`
    }
    return undefined
  }

  #unhealthy(lbs: readonly string[]): string[] {
    const unhealthy = new Set<string>()
    for (const lb of lbs)
      for (const address of this.#configs.get(lb)!.vips)
        if (this.#view.inhibitorsOf(lb, address)?.join() === 'no-healthy-backend') unhealthy.add(this.#nameOf(address))
    return [...unhealthy]
  }

  #nameOf(vip: string): string {
    return this.#plan.vips.find(({ address }) => address === vip)?.name ?? vip
  }
}
