import { type Fault, FaultChain, seededRandom } from '@fivetuple/faults'
import { realTimers, type Timers } from '@fivetuple/runtime'
import type { LinkName, Links } from './links.js'

/** Time with and without carrier, ms. */
export type FlapPeriods = Omit<Extract<Fault, { kind: 'flap' }>, 'kind'>

/** Flap of a link. */
export interface LinkFlap extends LinkName, FlapPeriods {
  /** Id of the fault. */
  readonly id: string
}

interface Running {
  readonly flap: LinkFlap
  readonly chain: FaultChain
  cancel: () => void
}

/** Links whose carrier comes and goes, at both ends at once: each is taken down for its times. */
export class LinkFlaps {
  readonly #links: Pick<Links, 'hold'>
  readonly #timers: Timers
  readonly #running = new Map<string, Running>()

  constructor(links: Pick<Links, 'hold'>, timers: Timers = realTimers) {
    this.#links = links
    this.#timers = timers
  }

  get list(): LinkFlap[] {
    return [...this.#running.values()].map(({ flap }) => flap)
  }

  /** Starts a flap, or starts it anew with other times. The link is up first. */
  async start(flap: LinkFlap): Promise<void> {
    await this.end(flap.id)
    const chain = new FaultChain()
    const { id, upMs, downMs } = flap
    chain.add(id, { kind: 'flap', upMs, downMs }, seededRandom(0), this.#timers.now())
    const running = { flap, chain, cancel: () => {} }
    this.#running.set(id, running)
    this.#follow(running)
  }

  /** Ends a flap; its link is up unless another fault keeps it down. */
  async end(id: string): Promise<void> {
    const running = this.#running.get(id)
    if (running === undefined) return
    this.#running.delete(id)
    running.cancel()
    await this.#links.hold(running.flap, id, false)
  }

  /** Ends all without a change of links, since the cluster stops. */
  stop(): void {
    for (const { cancel } of this.#running.values()) cancel()
    this.#running.clear()
  }

  /** Waits for the next change of the carrier. */
  #follow(running: Running): void {
    const { flap, chain } = running
    const now = this.#timers.now()
    running.cancel = this.#timers.after(Math.max(1, Math.ceil(chain.carrierChangesAt(now) - now)), () => {
      if (this.#running.get(flap.id) !== running) return
      // A switch that does not respond misses a change, and gets the next one.
      this.#links.hold(flap, flap.id, !chain.isUp(this.#timers.now())).catch(() => {})
      this.#follow(running)
    })
  }
}
