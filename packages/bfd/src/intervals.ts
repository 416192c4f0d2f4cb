import { strict as assert } from 'node:assert'
import type { BfdIntervals } from './session-contract.js'
import { SLOW_TX_MS, US_PER_MS } from './timing.js'

const INTERVAL_MAX_MS = 0xffff_ffff / US_PER_MS

/**
 * Intervals of this end: configured, announced to the peer, and in force. A change is announced by
 * a Poll Sequence while the session is Up (RFC 5880 §6.8.3). A further change waits until that has
 * ended, so that a Final cannot confirm intervals that the peer has not received.
 */
export class AnnouncedIntervals {
  #configured: BfdIntervals
  #announced: BfdIntervals
  #inForce: BfdIntervals
  #isPolling = false

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

  configure(intervals: BfdIntervals, isUp: boolean): void {
    this.#configured = checked(intervals)
    if (!this.#isPolling) this.#announce(isUp)
  }

  /** Follows a change of the session's state. */
  stateChanged(isUp: boolean): void {
    this.#isPolling = false // the packets of any other state carry the intervals, too
    this.#announce(isUp)
  }

  /** Ends the Poll Sequence: the peer has confirmed the announced intervals. */
  confirmed(isUp: boolean): void {
    if (!this.#isPolling) return
    this.#isPolling = false
    this.#inForce = this.#announced
    this.#announce(isUp)
  }

  #announce(isUp: boolean): void {
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
