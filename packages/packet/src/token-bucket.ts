/**
 * A token bucket (RFC 2698 §1 calls it a meter): a sustained rate, and a burst after a quiet
 * period. The time is a parameter; a clock that goes back refills nothing.
 */
export class TokenBucket {
  readonly #ratePerMs: number
  readonly #burst: number
  #tokens: number
  /** ms */
  #refilledAt: number

  /** @param ratePerSecond above 0; @param burst at least 1: what may come at once; @param now ms */
  constructor(ratePerSecond: number, burst: number, now: number) {
    this.#ratePerMs = ratePerSecond / 1000
    this.#burst = burst
    this.#tokens = burst
    this.#refilledAt = now
  }

  /** Takes a token; returns false if there is none. Allocation-free. */
  take(now: number): boolean {
    const elapsedMs = now - this.#refilledAt
    if (elapsedMs > 0) this.#tokens = Math.min(this.#burst, this.#tokens + elapsedMs * this.#ratePerMs)
    this.#refilledAt = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
