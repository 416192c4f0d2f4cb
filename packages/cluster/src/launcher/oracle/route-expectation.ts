import type { PredictedChange } from '../../operations/predict-parameters.js'
import type { VipPlan } from '../../plan/plan.js'
import type { ClusterView } from '../cluster-view.js'

/** Change of the LBs that a VIP's route names. */
interface Expected {
  readonly vip: VipPlan
  readonly lb: string
  readonly change: 'goes' | 'comes' | 'drains' | 'stops draining'
}

/** Changes of routes that an event is to cause. */
export class RouteExpectation {
  readonly #view: ClusterView
  readonly #expected: readonly Expected[]

  /** @param vips whose flows are predicted */
  constructor(view: ClusterView, vips: readonly VipPlan[], change: PredictedChange) {
    this.#view = view
    const { kill = [], add = [], drain = [], undrain = [] } = change
    const all: Expected[] = vips.flatMap((vip) => [
      ...kill.map((lb) => ({ vip, lb, change: 'goes' as const })),
      ...add.flatMap((lb) => (vip.lbs.includes(lb) ? [{ vip, lb, change: 'comes' as const }] : [])),
      ...drain.map((lb) => ({ vip, lb, change: 'drains' as const })),
      ...undrain.map((lb) => ({ vip, lb, change: 'stops draining' as const })),
    ])
    this.#expected = all.filter((one) => !this.#isMet(one))
  }

  /** True if the event changes no route. */
  get isEmpty(): boolean {
    return this.#expected.length === 0
  }

  /** True when all routes have changed. */
  get isMet(): boolean {
    return this.#expected.every((one) => this.#isMet(one))
  }

  #isMet({ vip, lb, change }: Expected): boolean {
    const route = this.#view.routesOf(vip.address).find((via) => via.lb === lb)
    switch (change) {
      case 'goes':
        return route === undefined
      case 'comes':
        return route !== undefined
      case 'drains':
        return route === undefined || route.isDraining
      case 'stops draining':
        return route === undefined || !route.isDraining
    }
  }
}
