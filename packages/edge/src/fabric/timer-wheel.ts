/**
 * Coarseness of all flow timers: delayed ACKs, retransmissions and keep-alives need no better (RFC
 * 6298 §2, "G").
 */
export const TICK_MS = 10
/**
 * 20 seconds of ticks; deadlines beyond it are looked at again when the wheel has come round. A
 * power of two.
 */
const SLOTS = 2048

/**
 * Entry of a {@link TimerWheel} with its place, which only the wheel writes.
 */
export interface WheelEntry<T> {
  /** Tick for which it is filed, or -1. */
  wheelTick: number
  /** Its neighbours in the slot of that tick. */
  wheelNext: T | undefined
  wheelPrevious: T | undefined
}

/**
 * A hashed timing wheel (Varghese and Lauck, scheme 6) for deadlines that move all the time. Filing
 * is lazy: an entry that is already filed for an earlier tick stays there, and whoever is fired
 * asks again for what is really due. A flow whose deadline moves with each packet so touches the
 * wheel a few times a second, not once per packet.
 *
 * Slots are lists through the entries themselves: one that is taken off is held by nothing here, or
 * a flow that lived for milliseconds would stay in memory, and be moved about by the garbage
 * collector, until its first timeout had passed.
 */
export class TimerWheel<T extends WheelEntry<T>> {
  /** The first entry of each. */
  readonly #slots: (T | undefined)[] = new Array(SLOTS).fill(undefined)
  #tick: number
  #filed = 0
  /** No entry is filed for an earlier tick than this. */
  #nextTick = Number.POSITIVE_INFINITY

  constructor(now: number) {
    this.#tick = Math.floor(now / TICK_MS)
  }

  /** Files `entry` to be fired at `deadline` (ms) or up to a tick later. Infinity files nothing. */
  file(entry: T, deadline: number, now: number): void {
    if (deadline === Number.POSITIVE_INFINITY) return
    if (this.#filed === 0) this.#tick = Math.floor(now / TICK_MS)
    const tick = Math.min(Math.max(Math.ceil(deadline / TICK_MS), this.#tick + 1), this.#tick + SLOTS - 1)
    if (entry.wheelTick !== -1) {
      if (entry.wheelTick <= tick) return
      this.remove(entry)
    }
    const index = tick & (SLOTS - 1)
    const first = this.#slots[index]
    this.#slots[index] = entry
    entry.wheelTick = tick
    entry.wheelNext = first
    if (first !== undefined) first.wheelPrevious = entry
    this.#filed++
    if (tick < this.#nextTick) this.#nextTick = tick
  }

  /** Takes the entry off, if it is filed. */
  remove(entry: T): void {
    if (entry.wheelTick === -1) return
    const { wheelNext: next, wheelPrevious: previous } = entry
    if (previous === undefined) this.#slots[entry.wheelTick & (SLOTS - 1)] = next
    else previous.wheelNext = next
    if (next !== undefined) next.wheelPrevious = previous
    entry.wheelTick = -1
    entry.wheelNext = undefined
    entry.wheelPrevious = undefined
    if (--this.#filed === 0) this.#nextTick = Number.POSITIVE_INFINITY
  }

  /** Fires everything that is due at `now`. `onDue` may file and remove entries. */
  advance(now: number, onDue: (entry: T) => void): void {
    const target = Math.floor(now / TICK_MS)
    while (this.#nextTick <= target) {
      const tick = this.#nextTick
      const index = tick & (SLOTS - 1)
      this.#tick = tick
      this.#nextTick = Number.POSITIVE_INFINITY
      // A timer that fires late and is armed again for the whole length of the wheel may be in this
      // slot again, for its next round.
      for (let due = this.#slots[index]; due?.wheelTick === tick; due = this.#slots[index]) {
        this.remove(due)
        onDue(due)
      }
      this.#nextTick = this.#findNext()
    }
    if (target > this.#tick) this.#tick = target
  }

  /** When {@link advance} is wanted next, ms, or earlier; Infinity when nothing is filed. */
  deadline(): number {
    return this.#nextTick * TICK_MS
  }

  #findNext(): number {
    if (this.#filed === 0) return Number.POSITIVE_INFINITY
    let tick = this.#tick + 1
    while (this.#slots[tick & (SLOTS - 1)] === undefined) tick++
    return tick
  }
}
