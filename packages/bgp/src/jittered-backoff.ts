/**
 * Exponential backoff with jitter between attempts to reach a peer: each delay is twice as long as
 * the one before, up to a longest one.
 */
export class JitteredBackoff {
  readonly #firstMs: number
  readonly #maxMs: number
  readonly #random: () => number
  #nextMs: number

  /** @param random numbers of at least 0 and below 1, for jitter */
  constructor(firstMs: number, maxMs: number, random: () => number) {
    this.#firstMs = firstMs
    this.#maxMs = maxMs
    this.#random = random
    this.#nextMs = firstMs
  }

  /**
   * Returns the delay before the next attempt, ms, reduced by up to a quarter at random, so that
   * peers do not retry in step (RFC 4271 §10).
   */
  next(): number {
    const delayMs = this.#nextMs
    this.#nextMs = Math.min(delayMs * 2, this.#maxMs)
    return delayMs * (0.75 + 0.25 * this.#random())
  }

  /** Starts over with the first delay. */
  reset(): void {
    this.#nextMs = this.#firstMs
  }
}
