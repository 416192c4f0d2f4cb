import type { ManualClock, Scheduled } from './manual-clock.js'

/** Timer on virtual time, with the contract of runtime's DeadlineTimer. */
export class ManualTimer {
  readonly #clock: ManualClock
  readonly #onDue: () => number
  #armed: Scheduled | undefined
  #isClosed = false

  /** @param onDue handles what is due and returns the next deadline, ms (Infinity: none) */
  constructor(clock: ManualClock, onDue: () => number) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Ensures that `onDue` runs at `deadline` at the latest. */
  arm(deadline: number): void {
    if (this.#isClosed || deadline >= (this.#armed?.at ?? Number.POSITIVE_INFINITY)) return
    if (this.#armed !== undefined) this.#clock.cancel(this.#armed)
    this.#armed = this.#clock.schedule(deadline, () => {
      this.#armed = undefined
      this.arm(this.#onDue())
    })
  }

  /** Stops for good. */
  close(): void {
    this.#isClosed = true
    if (this.#armed !== undefined) this.#clock.cancel(this.#armed)
    this.#armed = undefined
  }
}
