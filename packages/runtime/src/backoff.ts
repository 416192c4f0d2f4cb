export interface BackoffOptions {
  /** First delay, ms. */
  readonly firstMs: number
  /** Longest delay, ms. */
  readonly maxMs: number
  /**
   * Duration of a run after which the delays start over, ms; missing: only {@link Backoff.reset}
   * starts them over.
   */
  readonly quietMs?: number
}

/** Delays between attempts: each is twice as long as the one before, up to a longest one. Pure. */
export class Backoff {
  readonly #options: BackoffOptions
  #nextMs: number

  constructor(options: BackoffOptions) {
    this.#options = options
    this.#nextMs = options.firstMs
  }

  /**
   * Returns the delay before the next attempt, ms.
   *
   * @param ranMs duration of the run that has ended, ms; 0: the attempt has failed
   */
  next(ranMs = 0): number {
    const { firstMs, maxMs, quietMs = Number.POSITIVE_INFINITY } = this.#options
    const delayMs = ranMs > quietMs ? firstMs : this.#nextMs
    this.#nextMs = Math.min(delayMs * 2, maxMs)
    return delayMs
  }

  /** Starts over with the first delay. */
  reset(): void {
    this.#nextMs = this.#options.firstMs
  }
}
