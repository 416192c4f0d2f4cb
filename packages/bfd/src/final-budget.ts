/** Finals that may follow one another at once. */
const BURST = 3
/**
 * Share of the own Required Min RX interval per further Final. A peer that keeps to the interval,
 * with its jitter, never has to wait.
 */
const INTERVAL_SHARE = 0.5

/**
 * Limit on responses to Polls. They are sent at once, without regard to the transmit interval (RFC
 * 5880 §6.5), so a flood of Polls would otherwise lead to a flood of Finals. A peer whose Poll has
 * no response repeats it.
 */
export class FinalBudget {
  #credit = BURST
  #updatedAt: number

  /** @param now ms */
  constructor(now: number) {
    this.#updatedAt = now
  }

  /**
   * Returns true if a Final may be sent now.
   * @param requiredMinRxMs shortest interval between packets of the peer, ms
   */
  take(requiredMinRxMs: number, now: number): boolean {
    this.#credit = Math.min(BURST, this.#credit + (now - this.#updatedAt) / (requiredMinRxMs * INTERVAL_SHARE))
    this.#updatedAt = now
    if (this.#credit < 1) return false
    this.#credit--
    return true
  }
}
