import { lbSessionsToDrain, sessionsToDrain } from '../data-plane/drain-progress.js'
import type { Service, ServiceBackend } from '../data-plane/service.js'

/** Begin of the drains of this LB and of its backends, which decides what they still wait for. */
export class Drains {
  /** By backend name, ms. */
  readonly #backendsSince = new Map<string, number>()
  #lbSince = Number.NEGATIVE_INFINITY

  /** The drain of the LB begins. @param now ms */
  beginLb(now: number): void {
    this.#lbSince = now
  }

  /** The drain of a backend begins or ends; a drain that goes on keeps its begin. @param now ms */
  setBackend(backend: string, isDrained: boolean, now: number): void {
    if (!isDrained) this.#backendsSince.delete(backend)
    else if (!this.#backendsSince.has(backend)) this.#backendsSince.set(backend, now)
  }

  /** Number of sessions that the drain of the LB waits for. */
  sessionsOfLb(services: Iterable<Service>, now: number): number {
    return lbSessionsToDrain(services, now - this.#lbSince)
  }

  /** Number of sessions that the drain of a backend waits for; all of them without a drain. */
  sessionsOf(backend: ServiceBackend, now: number): number {
    const since = this.#backendsSince.get(backend.spec.name)
    return since === undefined ? backend.sessions : sessionsToDrain(backend, now - since)
  }
}
