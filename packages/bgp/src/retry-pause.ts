/** Pauses between attempts to reach a peer: each twice as long as the one before, up to a longest one. */
export class RetryPause {
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

  /** The next pause, ms: shortened by up to a quarter at random, so that peers don't keep step (RFC 4271 §10). */
  next(): number {
    const pause = this.#nextMs
    this.#nextMs = Math.min(pause * 2, this.#maxMs)
    return pause * (0.75 + 0.25 * this.#random())
  }

  reset(): void {
    this.#nextMs = this.#firstMs
  }
}
