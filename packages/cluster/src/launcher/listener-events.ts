import type { ClusterPlan } from '../plan/plan.js'
import type { ClusterView } from './cluster-view.js'
import type { Happening } from './events/event.js'
import { listenFailureOf } from './listen-failure.js'

/** Derives the events of listeners from the cluster's view: each change once. */
export class ListenerEvents {
  readonly #vips: ClusterPlan['vips']
  readonly #view: Pick<ClusterView, 'listenFailures'>
  /** Last reason, by VIP. */
  readonly #failures = new Map<string, string | undefined>()

  constructor({ vips }: Pick<ClusterPlan, 'vips'>, view: Pick<ClusterView, 'listenFailures'>) {
    this.#vips = vips
    this.#view = view
  }

  /** Returns the changes of listeners since the last call. */
  changes(): Happening[] {
    return this.#vips.flatMap(({ name, listen }): Happening[] => {
      const failure = listenFailureOf(name, this.#view.listenFailures)
      if (failure?.reason === this.#failures.get(name)) return []
      this.#failures.set(name, failure?.reason)
      const at = { vip: name, listen: `${listen.address}:${listen.port}` }
      return [failure === null ? { kind: 'listener.restored', ...at } : { kind: 'listener.failed', ...at, failure }]
    })
  }
}
