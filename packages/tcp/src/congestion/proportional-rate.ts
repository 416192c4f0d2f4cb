/**
 * Proportional rate reduction (RFC 9937): spreads the reduction of the window over the ACKs of a
 * recovery, and retransmits what is lost without a burst or a pause. All values in bytes.
 */
export class ProportionalRate {
  #flightAtStart = 0
  #delivered = 0
  #sent = 0

  /** @param flight bytes in flight when the recovery starts (RecoverFS) */
  start(flight: number): void {
    this.#flightAtStart = Math.max(flight, 1)
    this.#delivered = 0
    this.#sent = 0
  }

  /** Counts bytes sent during the recovery. */
  countSent(bytes: number): void {
    this.#sent += bytes
  }

  /**
   * Returns the window after an ACK.
   * @param delivered bytes that the ACK has newly acknowledged, cumulatively or selectively
   * @param isSafe true if it acknowledges cumulatively and shows no further loss (SafeACK)
   */
  window(delivered: number, pipe: number, threshold: number, mss: number, isSafe: boolean): number {
    this.#delivered += delivered
    let quota: number
    if (pipe > threshold) quota = Math.ceil((this.#delivered * threshold) / this.#flightAtStart) - this.#sent
    else {
      quota = Math.max(this.#delivered - this.#sent, delivered)
      if (isSafe) quota += mss
      quota = Math.min(quota, threshold - pipe)
    }
    // The first retransmission does not wait (RFC 9937 §5).
    if (this.#sent === 0) quota = Math.max(quota, mss)
    return pipe + Math.max(quota, 0)
  }
}
