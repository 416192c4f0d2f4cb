import { applyFaults, type Fault, type Random } from '@fivetuple/faults'
import type { ManualClock } from './manual-clock.js'

/** One direction of a wire on a virtual clock, with faults that may be changed at any time. */
export class SimulatedLink<T> {
  readonly #clock: ManualClock
  readonly #random: Random
  readonly #deliver: (item: T) => void
  /** Hold for what is sent from now on; what is under way is not touched. */
  faults: readonly Fault[]
  /** Items given to {@link send}. */
  sent = 0
  /** Items handed out, duplicates included. */
  delivered = 0
  /** Items of which nothing will come out. */
  lost = 0

  /** @param deliver takes each item when its time has come, never within {@link send} */
  constructor(clock: ManualClock, random: Random, faults: readonly Fault[], deliver: (item: T) => void) {
    this.#clock = clock
    this.#random = random
    this.faults = faults
    this.#deliver = deliver
  }

  /** Puts an item on the wire. */
  send(item: T): void {
    this.sent++
    const deliveries = applyFaults(this.faults, item, this.#clock.now, this.#random)
    if (deliveries.length === 0) this.lost++
    for (const delivery of deliveries) {
      this.#clock.schedule(delivery.at, () => {
        this.delivered++
        this.#deliver(delivery.item)
      })
    }
  }
}
