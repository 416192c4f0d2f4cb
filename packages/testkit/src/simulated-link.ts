import { applyFaults, type Fault, type Random } from '@fivetuple/faults'
import type { ManualClock } from './manual-clock.js'

/** One direction of a wire on a virtual clock, with faults that may change at any time. */
export class SimulatedLink<T> {
  readonly #clock: ManualClock
  readonly #random: Random
  readonly #deliver: (item: T) => void
  /** Faults of items that are sent from now on. Items under way are not affected. */
  faults: readonly Fault[]
  /** Items passed to {@link send}. */
  sent = 0
  /** Items delivered, duplicates included. */
  delivered = 0
  /** Items that will never be delivered. */
  dropped = 0

  /** @param deliver called with each item when its time has come, never within {@link send} */
  constructor(clock: ManualClock, random: Random, faults: readonly Fault[], deliver: (item: T) => void) {
    this.#clock = clock
    this.#random = random
    this.faults = faults
    this.#deliver = deliver
  }

  /** Sends an item. */
  send(item: T): void {
    this.sent++
    const deliveries = applyFaults(this.faults, item, this.#clock.now, this.#random)
    if (deliveries.length === 0) this.dropped++
    for (const delivery of deliveries) {
      this.#clock.schedule(delivery.at, () => {
        this.delivered++
        this.#deliver(delivery.item)
      })
    }
  }
}
