import { type Flight, FlightMark } from './flight.js'
import type { RoundTrip } from './round-trip.js'
import { seqDiff } from './sequence.js'

/** Number of SACKed segments that show a loss while no reordering has been seen (RFC 8985 §6.2). */
const DUPLICATES_MIN = 3
/** Recoveries without a spurious retransmission after which the reordering window is reset. */
const PERSIST_RECOVERIES = 16
const NONE = 0

/**
 * Loss detection by time (RACK, RFC 8985 §6): a segment is lost if one that was sent later has been
 * delivered, and the reordering window has passed since. Times in ms.
 */
export class Rack {
  /** Round trip of the latest sent segment that has been delivered (RACK.rtt). */
  #rttMs = 0
  /** Time of its transmission (RACK.xmit_ts); -1: there is none. */
  #sentAt = -1
  /** Highest number that has been delivered (RACK.fack). */
  #highest: number
  #hasReordering = false
  #multiplier = 1
  #persist = 0
  /** SND.NXT when the reordering window was last widened; undefined: not yet. */
  #widenedAt: number | undefined
  readonly #roundTrip: RoundTrip

  constructor(roundTrip: RoundTrip, una: number) {
    this.#roundTrip = roundTrip
    this.#highest = una
  }

  /** True once a segment has been delivered after one that was sent later. */
  get hasReordering(): boolean {
    return this.#hasReordering
  }

  /** Continues after a time in which deliveries were not reported: nothing is SACKed. */
  resume(una: number): void {
    this.#highest = una
  }

  /** Processes the delivery of a segment (RFC 8985 §6.2, steps 2 and 3). */
  segmentDelivered(sentAt: number, end: number, isRetransmitted: boolean, now: number): void {
    if (seqDiff(end, this.#highest) > 0) this.#highest = end
    else if (!isRetransmitted && end !== this.#highest) this.#hasReordering = true
    const rtt = now - sentAt
    // The ACK of a retransmission that is faster than the path is that of the original.
    if (isRetransmitted && rtt < this.#roundTrip.minMs) return
    if (sentAt <= this.#sentAt) return
    this.#rttMs = rtt
    this.#sentAt = sentAt
  }

  /** Widens the reordering window, once per round trip: a retransmission was spurious (step 4). */
  retransmissionWasSpurious(flight: Flight): void {
    if (this.#widenedAt !== undefined && seqDiff(flight.una, this.#widenedAt) < 0) return
    this.#widenedAt = flight.next
    this.#multiplier++
    this.#persist = PERSIST_RECOVERIES
  }

  /** Counts a recovery that has ended (step 4). */
  recoveryEnded(): void {
    if (this.#persist > 0 && --this.#persist === 0) this.#multiplier = 1
  }

  /**
   * Marks segments as lost (RFC 8985 §6.2, step 5).
   * @param isRecovering true during a recovery
   * @returns time until the next segment may be lost, ms; 0: no timer is needed
   */
  detect(flight: Flight, isRecovering: boolean, now: number): number {
    if (this.#sentAt < 0) return NONE
    const limitMs = this.#rttMs + this.#reorderingWindowMs(flight, isRecovering)
    let waitMs = NONE
    for (let i = flight.start; i < flight.end; i++) {
      if ((flight.marks(i) & (FlightMark.SACKED | FlightMark.LOST)) !== 0) continue
      const sentAt = flight.sentAt(i)
      if (sentAt >= this.#sentAt) continue
      const leftMs = sentAt + limitMs - now
      if (leftMs <= 0) flight.markLost(i)
      else waitMs = Math.max(waitMs, leftMs)
    }
    return waitMs
  }

  /**
   * Marks the first segment as lost, and all that have been in flight for too long (RFC 8985 §6.3):
   * the retransmission timer has expired.
   */
  detectOnTimeout(flight: Flight, now: number): void {
    const limitMs = this.#rttMs + this.#reorderingWindowMs(flight, true)
    for (let i = flight.start; i < flight.end; i++) {
      if ((flight.marks(i) & (FlightMark.SACKED | FlightMark.LOST)) !== 0) continue
      if (i === flight.start || flight.sentAt(i) + limitMs <= now) flight.markLost(i)
    }
  }

  /** RACK.reo_wnd (step 4). */
  #reorderingWindowMs(flight: Flight, isRecovering: boolean): number {
    if (!this.#hasReordering && (isRecovering || this.#hasManySacked(flight))) return 0
    return Math.min((this.#multiplier * this.#roundTrip.minMs) / 4, this.#roundTrip.smoothedMs)
  }

  #hasManySacked(flight: Flight): boolean {
    if (flight.sacked === 0) return false
    let count = 0
    for (let i = flight.start; i < flight.end; i++)
      if (flight.marks(i) & FlightMark.SACKED && ++count >= DUPLICATES_MIN) return true
    return false
  }
}
