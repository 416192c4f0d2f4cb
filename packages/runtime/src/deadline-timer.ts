import type { Clock } from './clock.js'

/** setTimeout's longest delay; a later deadline is reached in steps. */
const MAX_DELAY_MS = 2_147_483_647

/**
 * One timer for something that tells its next deadline. Arming it for a later time than it is armed for costs nothing:
 * the timer fires early, finds nothing due and goes to sleep again, so a deadline that moves with each packet does not
 * touch the event loop's timers.
 */
export class DeadlineTimer {
  readonly #clock: Clock
  readonly #onDue: () => number
  #timer: NodeJS.Timeout | undefined
  #armedFor = Number.POSITIVE_INFINITY
  #closed = false

  /** @param onDue does what is due and returns the next deadline in ms on `clock` (Infinity: none) */
  constructor(clock: Clock, onDue: () => number) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Makes sure that `onDue` runs at `deadline` at the latest. */
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
