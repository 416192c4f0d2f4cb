import { seqAdd, seqDiff } from './sequence.js'

/**
 * Window that the peer offers. Its right edge never moves back: a peer that shrinks its window is
 * not followed (RFC 7323 §2.4).
 */
export class PeerWindow {
  #edge: number
  #shift = 0
  /** MAX.SND.WND (RFC 5961 §5.2): largest window that the peer has offered, bytes. */
  largest = 0

  constructor(iss: number) {
    this.#edge = iss | 0
  }

  /** Takes the window of the peer's SYN, which is not scaled. It starts behind our SYN, `una`. */
  open(una: number, windowShift: number, window: number): void {
    this.#shift = windowShift
    this.#edge = seqAdd(una, 1 + window)
    this.largest = window
  }

  /**
   * Takes the window field of an acceptable ACK.
   * @returns bytes by which the right edge has moved, at most 0 if it stays
   */
  update(ack: number, field: number): number {
    const window = field << this.#shift
    if (window > this.largest) this.largest = window
    const edge = seqAdd(ack, window)
    const opened = seqDiff(edge, this.#edge)
    if (opened > 0) this.#edge = edge
    return opened
  }

  /** Returns the bytes that may be sent from `next` on; at most 0 if none. */
  room(next: number): number {
    return seqDiff(this.#edge, next)
  }
}
