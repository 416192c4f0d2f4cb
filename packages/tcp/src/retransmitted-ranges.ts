import { seqDiff } from './sequence.js'

/** Largest number of ranges kept. Beyond it, nothing counts as spurious. */
const RANGES_MAX = 256

/**
 * Ranges that were retransmitted in one recovery. D-SACKs (RFC 2883) strike them off. When all are
 * struck off, nothing had been lost (RFC 3708 §2).
 */
export class RetransmittedRanges {
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  #isOverfull = false

  /** Forgets all ranges. */
  clear(): void {
    this.#starts.length = 0
    this.#ends.length = 0
    this.#isOverfull = false
  }

  add(start: number, end: number): void {
    if (this.#starts.length >= RANGES_MAX) this.#isOverfull = true
    if (this.#isOverfull) return
    this.#starts.push(start)
    this.#ends.push(end)
  }

  /**
   * Strikes off the range that the peer has received twice. Returns false if it was not
   * retransmitted: the network has duplicated it.
   */
  strikeOff(start: number, end: number): boolean {
    for (let i = 0; i < this.#starts.length; i++) {
      if (seqDiff(start, this.#starts[i]!) < 0 || seqDiff(end, this.#ends[i]!) > 0) continue
      this.#starts.splice(i, 1)
      this.#ends.splice(i, 1)
      return true
    }
    return false
  }

  /** True if all ranges have been struck off. To be read after {@link strikeOff} returned true. */
  get isAllSpurious(): boolean {
    return this.#starts.length === 0 && !this.#isOverfull
  }
}
