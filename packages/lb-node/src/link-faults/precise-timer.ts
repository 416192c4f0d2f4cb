import type { Clock } from '@fivetuple/runtime'

/** Shorter rests are waited for by turns of the event loop, since setTimeout counts in ms. */
const SPIN_MAX_MS = 1
/**
 * Time from one such wait to the next, ms, so that dense deadlines take at most a quarter of the
 * core. Those between are met by setTimeout, up to about 1 ms late.
 */
const SPIN_PAUSE_MS = 4

/**
 * Timer for deadlines of packets. A single deadline is met within about 0.05 ms on an idle core,
 * one of a dense sequence within about 1 ms. Never early.
 */
export class PreciseTimer {
  readonly #clock: Clock
  readonly #onDue: (now: number) => number
  #deadline = Number.POSITIVE_INFINITY
  #timeout: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #spunAt = Number.NEGATIVE_INFINITY

  /** @param onDue handles what is due and returns the next deadline, ms; Infinity: none */
  constructor(clock: Clock, onDue: (now: number) => number) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Ensures that `onDue` runs at `deadline`, or at the one armed before if that is earlier. */
  arm(deadline: number): void {
    if (deadline >= this.#deadline) return
    this.#deadline = deadline
    this.#wait(this.#clock.now())
  }

  close(): void {
    this.#clear()
    this.#deadline = Number.NEGATIVE_INFINITY
  }

  #clear(): void {
    clearTimeout(this.#timeout)
    clearImmediate(this.#immediate)
    this.#timeout = undefined
    this.#immediate = undefined
  }

  #wait(now: number): void {
    this.#clear()
    const rest = this.#deadline - now
    if (rest <= 0) this.#immediate = setImmediate(this.#step)
    else if (rest < SPIN_MAX_MS && now - this.#spunAt > SPIN_PAUSE_MS) this.#immediate = setImmediate(this.#step)
    else this.#timeout = setTimeout(this.#step, Math.min(Math.max(1, Math.floor(rest)), 2 ** 31 - 1))
  }

  readonly #step = (): void => {
    const now = this.#clock.now()
    if (now < this.#deadline) {
      this.#wait(now)
      return
    }
    if (this.#immediate !== undefined) this.#spunAt = now
    this.#clear()
    this.#deadline = Number.POSITIVE_INFINITY
    this.arm(this.#onDue(now))
  }
}
