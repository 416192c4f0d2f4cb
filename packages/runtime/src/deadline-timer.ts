import type { Clock } from './clock.js'

/** Longest delay of setTimeout; a later deadline is reached in steps. */
const MAX_DELAY_MS = 2_147_483_647

/**
 * One timer for a machine that returns its next deadline. Arming it for a later time than the
 * current one costs nothing: the timer fires early, nothing is due, and it is armed again. So a
 * deadline that moves with each packet does not touch the timers of the event loop.
 */
export class DeadlineTimer {
  readonly #clock: Clock
  readonly #onDue: () => number
  #timer: NodeJS.Timeout | undefined
  #armedFor = Number.POSITIVE_INFINITY
  #closed = false

  /**
   * @param onDue handles what is due and returns the next deadline, ms on `clock` (Infinity: none)
   */
  constructor(clock: Clock, onDue: () => number) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Ensures that `onDue` runs at `deadline` at the latest. */
  arm(deadline: number): void {
    if (deadline >= this.#armedFor || this.#closed) return
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#armedFor = deadline
    const delay = Math.min(Math.max(Math.ceil(deadline - this.#clock.now()), 1), MAX_DELAY_MS)
    this.#timer = setTimeout(this.#fire, delay)
  }

  /** Stops for good. */
  close(): void {
    this.#closed = true
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
  }

  readonly #fire = (): void => {
    this.#timer = undefined
    this.#armedFor = Number.POSITIVE_INFINITY
    this.arm(this.#onDue())
  }
}
