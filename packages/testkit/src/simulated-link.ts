import { type Fault, FaultChain, type Random } from '@fivetuple/faults'
import type { ManualClock } from './manual-clock.js'

/** One direction of a wire on a virtual clock, with faults that may change at any time. */
export class SimulatedLink<T> {
  readonly #clock: ManualClock
  readonly #random: Random
  readonly #deliver: (item: T) => void
  readonly #bytesOf: (item: T) => number
  #chain = new FaultChain()
  /** Items passed to {@link send}. */
  sent = 0
  /** Items delivered, duplicates included. */
  delivered = 0
  /** Items that will never be delivered. */
  dropped = 0

  /**
   * @param faults faults of the link, which compose in the order of `FAULT_KINDS`
   * @param deliver called with each item when its time has come, never within {@link send}
   * @param bytesOf size of an item, for `rate`; absent: the length of a Uint8Array, otherwise 0
   */
  constructor(
    clock: ManualClock,
    random: Random,
    faults: readonly Fault[],
    deliver: (item: T) => void,
    bytesOf: (item: T) => number = (item) => (item instanceof Uint8Array ? item.length : 0),
  ) {
    this.#clock = clock
    this.#random = random
    this.#deliver = deliver
    this.#bytesOf = bytesOf
    this.faults = faults
  }

  /** Faults of items that are sent from now on, all started now. */
  get faults(): readonly Fault[] {
    return this.#chain.faults.map(({ fault }) => fault)
  }

  /** Replaces all faults. Items under way are not affected. */
  set faults(faults: readonly Fault[]) {
    this.#chain = new FaultChain()
    faults.forEach((fault, i) => {
      this.#chain.add(`${i}`, fault, this.#random, this.#clock.now)
    })
  }

  /** Sends an item. */
  send(item: T): void {
    this.sent++
    const times = this.#chain.impair(this.#bytesOf(item), this.#clock.now)
    if (times.length === 0) this.dropped++
    for (const at of times) {
      this.#clock.schedule(at, () => {
        this.delivered++
        this.#deliver(item)
      })
    }
  }
}
