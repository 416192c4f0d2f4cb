import type { CongestionWindow } from './congestion/congestion-window.js'
import { ProportionalRate } from './congestion/proportional-rate.js'
import { type Flight, FlightMark } from './flight.js'
import { Rack } from './rack.js'
import { RetransmittedRanges } from './retransmitted-ranges.js'
import type { RoundTrip } from './round-trip.js'
import { seqDiff } from './sequence.js'
import { ProbeOutcome, TailLossProbe } from './tail-loss-probe.js'

/** Duplicate ACKs after which the first segment in flight counts as lost (RFC 5681 §3.2). */
const DUPLICATE_ACKS = 3

const Phase = {
  /** Nothing is known to be lost. */
  OPEN: 0,
  /** Fast recovery: a loss was detected by ACKs (RFC 5681 §3.2). */
  FAST: 1,
  /** The retransmission timer has expired. */
  TIMEOUT: 2,
} as const

/** Findings of one ACK. */
export interface AckReport {
  /** Bytes by which SND.UNA has moved. */
  acked: number
  /** Bytes that were SACKed before the ACK. */
  sackedBefore: number
  /** True if it is only an ACK, which moves neither SND.UNA nor the window (RFC 5681 §2). */
  isDuplicate: boolean
  /** Block that the peer has received twice (RFC 2883), if any. */
  hasDuplicateBlock: boolean
  duplicateStart: number
  duplicateEnd: number
}

/**
 * Loss recovery of one connection: detects losses by RACK, or by duplicate ACKs if the peer does
 * not support SACK (RFC 6582), and sets the congestion window accordingly. Created at the first
 * sign of a loss. Times in ms.
 */
export class LossRecovery {
  readonly rack: Rack
  readonly probe = new TailLossProbe()
  readonly #flight: Flight
  readonly #window: CongestionWindow
  readonly #roundTrip: RoundTrip
  readonly #usesSack: boolean
  readonly #mss: number
  #phase: (typeof Phase)[keyof typeof Phase] = Phase.OPEN
  /** SND.NXT when the recovery started: it ends when this is acknowledged. */
  #recover: number
  #duplicates = 0
  readonly #rate = new ProportionalRate()
  readonly #ranges = new RetransmittedRanges()
  #mayUndo = false
  /** Time until {@link Rack.detect} may find a further loss, ms; 0: no timer is needed. */
  reorderingWaitMs = 0
  /** True if the first lost segment is to be retransmitted whatever the window. */
  mustRetransmit = false

  constructor(flight: Flight, window: CongestionWindow, roundTrip: RoundTrip, usesSack: boolean, mss: number) {
    this.#flight = flight
    this.#window = window
    this.#roundTrip = roundTrip
    this.#usesSack = usesSack
    this.#mss = mss
    this.#recover = flight.una
    this.rack = new Rack(roundTrip, flight.una)
  }

  /** True if ACKs have to be examined for losses. */
  get isActive(): boolean {
    return (
      this.#phase !== Phase.OPEN ||
      this.#flight.sacked > 0 ||
      this.#flight.lost > 0 ||
      this.#duplicates > 0 ||
      this.probe.isOutstanding
    )
  }

  /** True while lost segments are repaired. */
  get isRecovering(): boolean {
    return this.#phase !== Phase.OPEN
  }

  /** True if a tail loss probe may be sent (RFC 8985 §7.2). */
  get mayProbe(): boolean {
    return (
      this.#phase === Phase.OPEN && this.#flight.sacked === 0 && this.#flight.lost === 0 && !this.probe.isOutstanding
    )
  }

  /** Counts a segment as retransmitted: `start` up to `end`. */
  retransmitted(start: number, end: number): void {
    this.mustRetransmit = false
    if (this.#phase === Phase.OPEN) return
    this.#ranges.add(start, end)
    this.countSent(seqDiff(end, start))
  }

  /** Counts bytes sent during a recovery. */
  countSent(bytes: number): void {
    if (this.#phase === Phase.FAST) this.#rate.countSent(bytes)
  }

  /** Processes an ACK after the flight has taken it. */
  onAck(report: AckReport, now: number): void {
    const flight = this.#flight
    const isSpurious = this.#takeDuplicateBlock(report)
    const probed = this.probe.onAck(flight.una, isSpurious, report.isDuplicate, flight.sacked > 0)
    if (probed === ProbeOutcome.REPAIRED && this.#phase === Phase.OPEN) {
      // RFC 8985 §7.4.2: the same reduction as by fast recovery.
      this.#reduce(report.acked)
      this.#window.set(this.#window.threshold)
      this.#mayUndo = false
    }
    if (this.#phase !== Phase.OPEN && seqDiff(flight.una, this.#recover) >= 0) this.#end()
    const delivered = report.acked + flight.sacked - report.sackedBefore
    const lostBefore = flight.lost
    this.#detect(report, now)
    // Segments sent during a recovery may be lost, too: then the next one starts when it ends.
    if (flight.lost > 0 && this.#phase === Phase.OPEN) this.#startFast(report.acked, delivered)
    if (this.#phase === Phase.FAST) {
      const { threshold } = this.#window
      const isSafe = report.acked > 0 && flight.lost <= lostBefore
      const credit = this.#usesSack ? delivered : Math.max(delivered, report.isDuplicate ? this.#mss : 0)
      this.#window.set(this.#rate.window(credit, flight.pipe, threshold, this.#mss, isSafe))
    } else if (this.#phase === Phase.TIMEOUT && delivered > 0)
      this.#window.grow(delivered, this.#roundTrip.smoothedMs, now)
  }

  /** Detects losses again when {@link reorderingWaitMs} has passed (RFC 8985 §6.2, step 5). */
  onReorderingTimeout(now: number): void {
    const flight = this.#flight
    const lostBefore = flight.lost
    this.reorderingWaitMs = this.rack.detect(flight, this.isRecovering, now)
    if (flight.lost <= lostBefore) return
    if (this.#phase === Phase.OPEN) this.#startFast(0, 0)
    if (this.#phase === Phase.FAST)
      this.#window.set(this.#rate.window(0, flight.pipe, this.#window.threshold, this.#mss, false))
  }

  /** Starts the recovery after the retransmission timer has expired (RFC 5681 §3.1). */
  onRetransmissionTimeout(now: number): void {
    const flight = this.#flight
    this.probe.stop()
    this.#duplicates = 0
    this.reorderingWaitMs = 0
    // RFC 5681 §3.1: a segment that is lost again does not lower the threshold again.
    const isRepeated = this.#phase === Phase.TIMEOUT && seqDiff(flight.una, this.#recover) < 0
    if (!isRepeated) {
      if (this.#phase === Phase.OPEN) this.#startUndo()
      this.#reduce(0)
    }
    this.#window.collapse()
    this.#phase = Phase.TIMEOUT
    this.#recover = flight.next
    // RFC 2018 §8: the peer may have discarded what it had SACKed, if the first segment is SACKed.
    if (flight.start < flight.end && flight.marks(flight.start) & FlightMark.SACKED) flight.forgetSacks()
    if (this.#usesSack) this.rack.detectOnTimeout(flight, now)
    else this.#markFirstLost()
    this.mustRetransmit = flight.lost > 0
  }

  #detect(report: AckReport, now: number): void {
    this.reorderingWaitMs = 0
    if (this.#usesSack) {
      this.reorderingWaitMs = this.rack.detect(this.#flight, this.isRecovering, now)
      return
    }
    if (report.acked > 0) {
      this.#duplicates = 0
      // RFC 6582 §3.2, step 3: a partial ACK shows the next gap.
      if (this.#phase !== Phase.OPEN) this.#markFirstLost()
    } else if (report.isDuplicate && ++this.#duplicates === DUPLICATE_ACKS && this.#phase === Phase.OPEN)
      this.#markFirstLost()
  }

  #markFirstLost(): void {
    const flight = this.#flight
    if (flight.start < flight.end && (flight.marks(flight.start) & FlightMark.LOST) === 0) flight.markLost(flight.start)
  }

  /** @param delivered bytes that the ACK has delivered, `acked` of them cumulatively */
  #startFast(acked: number, delivered: number): void {
    const flight = this.#flight
    this.#startUndo()
    this.#phase = Phase.FAST
    this.#recover = flight.next
    this.probe.stop()
    this.#reduce(acked)
    this.#rate.start(flight.bytes - flight.sacked + delivered)
  }

  #reduce(acked: number): void {
    // Beyond the window lie bytes that replaced SACKed ones.
    this.#window.reduce(Math.min(this.#flight.bytes + acked, this.#window.bytes))
  }

  #end(): void {
    // RFC 9937 §5: the recovery ends with the window at the threshold.
    if (this.#phase === Phase.FAST) this.#window.set(this.#window.threshold)
    this.#phase = Phase.OPEN
    this.#duplicates = 0
    this.mustRetransmit = false
    this.rack.recoveryEnded()
  }

  #startUndo(): void {
    this.#ranges.clear()
    this.#window.save()
    this.#mayUndo = true
  }

  /** Returns true if a D-SACK shows that a retransmission was spurious. */
  #takeDuplicateBlock(report: AckReport): boolean {
    if (!report.hasDuplicateBlock) return false
    const { duplicateStart, duplicateEnd } = report
    if (!this.#ranges.strikeOff(duplicateStart, duplicateEnd)) return this.probe.isOutstanding
    this.rack.retransmissionWasSpurious(this.#flight)
    if (this.#mayUndo && this.#ranges.isAllSpurious) this.#undo()
    return true
  }

  #undo(): void {
    this.#mayUndo = false
    this.#window.undo()
    this.#flight.forgetLosses()
    if (this.#phase === Phase.OPEN) return
    this.#phase = Phase.OPEN
    this.mustRetransmit = false
  }
}
