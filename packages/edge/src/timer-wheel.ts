/** Coarseness of all flow timers: delayed ACKs, retransmissions and keep-alives need no better (RFC 6298 §2, "G"). */
export const TICK_MS = 10
/** 20 seconds of ticks; deadlines beyond it are looked at again when the wheel has come round. A power of two. */
const SLOTS = 2048

/** What can be put on a {@link TimerWheel}: it remembers its own place. */
export interface WheelEntry {
  /** Tick for which it is filed, or -1. Only the wheel writes it. */
  wheelTick: number
}

/**
 * A hashed timing wheel (Varghese and Lauck, scheme 6) for deadlines that move all the time. Filing is lazy: an entry
 * that is already filed for an earlier tick stays there, and whoever is fired asks again for what is really due. A flow
 * whose deadline moves with each packet so touches the wheel a few times a second, not once per packet.
 */
export class TimerWheel<T extends WheelEntry> {
  readonly #slots: T[][] = Array.from({ length: SLOTS }, () => [])
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
    if (entry.wheelTick !== -1 && entry.wheelTick <= tick) return
    entry.wheelTick = tick
    this.#slots[tick & (SLOTS - 1)]!.push(entry)
    this.#filed++
    if (tick < this.#nextTick) this.#nextTick = tick
  }

  /** Takes the entry off; what is left in its slot is passed over. */
  remove(entry: T): void {
    entry.wheelTick = -1
  }

  /** Fires everything that is due at `now`. `onDue` may file and remove entries. */
  advance(now: number, onDue: (entry: T) => void): void {
    const target = Math.floor(now / TICK_MS)
    while (this.#nextTick <= target) {
      const tick = this.#nextTick
      const index = tick & (SLOTS - 1)
      const due = this.#slots[index]!
      this.#slots[index] = []
      this.#filed -= due.length
      this.#tick = tick
      this.#nextTick = Number.POSITIVE_INFINITY
      for (const entry of due) {
        if (entry.wheelTick !== tick) continue
        entry.wheelTick = -1
        onDue(entry)
      }
      this.#nextTick = this.#findNext()
    }
    if (target > this.#tick) this.#tick = target
  }

  /** When {@link advance} is wanted next, ms; Infinity when nothing is filed. */
  deadline(): number {
    return this.#nextTick * TICK_MS
  }

  #findNext(): number {
    if (this.#filed === 0) return Number.POSITIVE_INFINITY
    let tick = this.#tick + 1
    while (this.#slots[tick & (SLOTS - 1)]!.length === 0) tick++
    return tick
  }
}
