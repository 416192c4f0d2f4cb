import { strict as assert } from 'node:assert'
import type { BfdIntervals } from './session-contract.js'
import { SLOW_TX_MS, US_PER_MS } from './timing.js'

const INTERVAL_MAX_MS = 0xffff_ffff / US_PER_MS
/** Time after which a Final that has not arrived counts as lost: far above any round trip. */
const FINAL_LIFETIME_MS = 1_000

/**
 * Intervals of this end: configured, announced to the peer, and in force. A change is announced by
 * a Poll Sequence while the session is Up (RFC 5880 §6.8.3). A further change waits until that has
 * ended. Finals that are still due from the sequence before are ignored, so that none confirms
 * intervals that the peer has not received: packets do not number their sequences.
 */
export class AnnouncedIntervals {
  #configured: BfdIntervals
  #announced: BfdIntervals
  #inForce: BfdIntervals
  #isPolling = false
  /** Polls sent without a Final received. */
  #finalsDue = 0
  #finalsIgnored = 0
  #polledAt = 0

  constructor(configured: BfdIntervals) {
    this.#configured = checked(configured)
    this.#announced = this.#wanted(false)
    this.#inForce = this.#announced
  }

  /** bfd.DesiredMinTxInterval and bfd.RequiredMinRxInterval as sent, ms. */
  get announced(): BfdIntervals {
    return this.#announced
  }

  /** Intervals by which this end sends and detects, ms. */
  get inForce(): BfdIntervals {
    return this.#inForce
  }

  get isPolling(): boolean {
    return this.#isPolling
  }

  configure(intervals: BfdIntervals, isUp: boolean, now: number): void {
    this.#configured = checked(intervals)
    if (!this.#isPolling) this.#announce(isUp, now)
  }

  /** Follows a change of the session's state. */
  stateChanged(isUp: boolean, now: number): void {
    this.#isPolling = false // the packets of any other state carry the intervals, too
    this.#finalsDue = 0
    this.#announce(isUp, now)
  }

  /** Counts a packet with Poll. */
  pollSent(now: number): void {
    this.#finalsDue++
    this.#polledAt = now
  }

  /** Ends the Poll Sequence if its Final has been received. */
  finalReceived(isUp: boolean, now: number): void {
    this.#finalsDue = Math.max(0, this.#finalsDue - 1)
    if (!this.#isPolling) return
    if (this.#finalsIgnored > 0) {
      this.#finalsIgnored--
      return
    }
    this.#isPolling = false
    this.#inForce = this.#announced
    this.#announce(isUp, now)
  }

  #announce(isUp: boolean, now: number): void {
    const before = this.#announced
    const wanted = this.#wanted(isUp)
    const { desiredMinTxMs: tx, requiredMinRxMs: rx } = wanted
    this.#announced = wanted
    if (!isUp) {
      this.#inForce = wanted
      return
    }
    if (tx === before.desiredMinTxMs && rx === before.requiredMinRxMs) return
    this.#isPolling = true
    if (now - this.#polledAt > FINAL_LIFETIME_MS) this.#finalsDue = 0
    this.#finalsIgnored = this.#finalsDue
    this.#inForce = {
      // RFC 5880 §6.8.3: while Up, a longer TX interval waits for the end of the Poll Sequence ...
      desiredMinTxMs: Math.min(tx, this.#inForce.desiredMinTxMs),
      // ... and so does the shorter detection time of a shorter RX interval.
      requiredMinRxMs: Math.max(rx, this.#inForce.requiredMinRxMs),
    }
  }

  /** RFC 5880 §6.8.3: not Up, bfd.DesiredMinTxInterval is one second or more. */
  #wanted(isUp: boolean): BfdIntervals {
    const { desiredMinTxMs, requiredMinRxMs } = this.#configured
    return { desiredMinTxMs: isUp ? desiredMinTxMs : Math.max(desiredMinTxMs, SLOW_TX_MS), requiredMinRxMs }
  }
}

/** Returns the intervals rounded to the microseconds of the wire. */
function checked({ desiredMinTxMs, requiredMinRxMs }: BfdIntervals): BfdIntervals {
  const rounded = [desiredMinTxMs, requiredMinRxMs].map((ms) => {
    assert(ms > 0 && ms <= INTERVAL_MAX_MS)
    return Math.max(1, Math.round(ms * US_PER_MS)) / US_PER_MS
  }) as [number, number]
  return { desiredMinTxMs: rounded[0], requiredMinRxMs: rounded[1] }
}
