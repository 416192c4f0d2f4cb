/** Answers per interval. A peer that is in step needs few; two that are out of step must not answer each other forever. */
const CHALLENGES_MAX = 10
const INTERVAL_MS = 1_000

/** Limits the ACKs that answer segments which make no sense here (RFC 5961 §7). */
export class ChallengeBudget {
  #since = Number.NEGATIVE_INFINITY
  #count = 0

  /** Whether one more may be sent at `now`; counts it if so. */
  take(now: number): boolean {
    if (now - this.#since >= INTERVAL_MS) {
      this.#since = now
      this.#count = 0
    }
    return this.#count++ < CHALLENGES_MAX
  }
}
