/**
 * Challenge ACKs per interval. A peer in step needs few. Two peers out of step must not acknowledge
 * each other endlessly.
 */
const CHALLENGES_MAX = 10
const INTERVAL_MS = 1_000

/** Limits the ACKs that respond to unacceptable segments (RFC 5961 §7). */
export class ChallengeBudget {
  #since = Number.NEGATIVE_INFINITY
  #count = 0

  /** Returns true if one more may be sent at `now`, and counts it. */
  take(now: number): boolean {
    if (now - this.#since >= INTERVAL_MS) {
      this.#since = now
      this.#count = 0
    }
    return this.#count++ < CHALLENGES_MAX
  }
}
