import { seqDiff } from './sequence.js'

/** Finding of an ACK about a tail loss probe. */
export const ProbeOutcome = {
  /** No probe is outstanding, or its ACK is still to come. */
  NONE: 0,
  /** The probe is over: nothing was lost. */
  NOTHING_LOST: 1,
  /** The probe is over: it has repaired the loss of the last segment. */
  REPAIRED: 2,
} as const

export type ProbeOutcome = (typeof ProbeOutcome)[keyof typeof ProbeOutcome]

/**
 * Tail loss probe (TLP, RFC 8985 §7): the last segment, or a new one, sent after about two round
 * trips without an ACK. Its ACK shows losses that would otherwise wait for the retransmission
 * timeout.
 */
export class TailLossProbe {
  /** True from the transmission of a probe to the ACK that covers it. */
  isOutstanding = false
  /** SND.NXT when the probe was sent (TLP.end_seq). */
  #end = 0
  #isRetransmission = false

  /** Records a probe. `end` is SND.NXT behind it. */
  sent(end: number, isRetransmission: boolean): void {
    this.isOutstanding = true
    this.#end = end
    this.#isRetransmission = isRetransmission
  }

  stop(): void {
    this.isOutstanding = false
  }

  /**
   * Decides by an ACK (RFC 8985 §7.4.2).
   * @param isSpurious true if it carries a D-SACK of a retransmission
   * @param isDuplicate true if it is only an ACK that neither moves SND.UNA nor the window
   * @param hasSack true if segments are SACKed
   */
  onAck(una: number, isSpurious: boolean, isDuplicate: boolean, hasSack: boolean): ProbeOutcome {
    if (!this.isOutstanding || seqDiff(una, this.#end) < 0) return ProbeOutcome.NONE
    if (!this.#isRetransmission || isSpurious) {
      this.isOutstanding = false
      return ProbeOutcome.NOTHING_LOST
    }
    if (seqDiff(una, this.#end) > 0) {
      this.isOutstanding = false
      return ProbeOutcome.REPAIRED
    }
    if (isDuplicate && !hasSack) {
      this.isOutstanding = false
      return ProbeOutcome.NOTHING_LOST
    }
    return ProbeOutcome.NONE
  }
}
