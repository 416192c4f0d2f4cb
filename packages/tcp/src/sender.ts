import { CongestionWindow } from './congestion/congestion-window.js'
import { Flight, FlightMark } from './flight.js'
import { type AckReport, LossRecovery } from './loss-recovery.js'
import type { TcpOptions } from './options.js'
import { PeerWindow } from './peer-window.js'
import { ACK_DELAY_MAX_MS, PROBE_MIN_MS, RoundTrip } from './round-trip.js'
import { SackBlocks } from './sack-blocks.js'
import { SendQueue } from './send-queue.js'
import { seqDiff } from './sequence.js'

const NEVER = Number.POSITIVE_INFINITY
/** MSS of a peer that does not name one (RFC 9293 §3.7.1). */
const DEFAULT_PEER_MSS = 536

/** Action that an expired retransmission timer requires. */
export const SenderTimeout = {
  NOTHING: 0,
  /** Retransmit: {@link Sender.hasResend} is true, or the SYN is unacknowledged. */
  RESEND: 1,
  /** Probe the zero window. */
  PROBE: 2,
  /** Nothing was acknowledged within the user timeout. */
  TIMED_OUT: 3,
} as const

export type SenderTimeout = (typeof SenderTimeout)[keyof typeof SenderTimeout]

/** Purpose of the one timer of a sender. */
const Timer = {
  /** Retransmission, or probing of a zero window. */
  RETRANSMISSION: 0,
  /** Tail loss probe (RFC 8985 §7). */
  TAIL_LOSS_PROBE: 1,
  /** End of the reordering window (RFC 8985 §6.2, step 5). */
  REORDERING: 2,
} as const

/**
 * Sending half of an endpoint: the queue, the bytes in flight, the peer's window, and the timer.
 * It decides what is sent next. {@link LossRecovery} decides what is lost, and
 * {@link CongestionWindow} how much may be in flight. It does not handle the state of the
 * connection.
 */
export class Sender {
  readonly #options: TcpOptions
  readonly #queue: SendQueue
  readonly #flight: Flight
  readonly #roundTrip: RoundTrip
  readonly #congestion: CongestionWindow
  readonly #peer: PeerWindow
  /** Undefined until the first sign of a loss. */
  #recovery: LossRecovery | undefined
  /** Largest segment that is sent, bytes of payload (RFC 9293 §3.7.1). */
  mss = DEFAULT_PEER_MSS
  /** True if both ends have sent SACK-permitted (RFC 2018 §2). */
  usesSack = false
  #isSynAcked = false
  finQueued = false
  finSent = false
  /** True while the queue has been full and not below half since. */
  isFull = false

  /** True if, since the last ACK, the congestion window and nothing else has held back data. */
  #isCwndLimited = false
  /** True while a tail loss probe is to be sent that retransmits the last segment. */
  #probesTail = false
  /** True while one new segment may be sent beyond the congestion window, as a tail loss probe. */
  #probesWithNew = false
  /** Least time until a tail loss probe may be due: the exact one is calculated then. */
  readonly #firstProbeMs: number
  /** The same if the peer may delay its ACK. */
  readonly #firstDelayedProbeMs: number
  #timer: (typeof Timer)[keyof typeof Timer] = Timer.RETRANSMISSION
  /** Time at which the timer expires, ms. */
  timeoutAt = NEVER
  /** Time from which the user timeout counts: the peer's last progress, ms. */
  #userTimeoutFrom = 0
  /** Time from which the tail loss probe counts, if nothing was sent since, ms. */
  #probeFrom = 0
  /** SACK option of the segment that is being processed. */
  #blocks: SackBlocks | undefined

  /** Segments retransmitted. */
  retransmits = 0

  constructor(options: TcpOptions, iss: number) {
    this.#options = options
    this.#firstProbeMs = Math.min(PROBE_MIN_MS, options.userTimeoutMs)
    this.#firstDelayedProbeMs = Math.min(PROBE_MIN_MS + ACK_DELAY_MAX_MS, options.userTimeoutMs)
    this.#queue = new SendQueue(options.onAcknowledged)
    this.#flight = new Flight(iss)
    this.#peer = new PeerWindow(iss)
    this.#roundTrip = new RoundTrip(options)
    this.#congestion = new CongestionWindow(options.congestionControl, this.mss)
  }

  /** SND.UNA: oldest number without an ACK. */
  get una(): number {
    return this.#flight.una
  }

  /** SND.NXT: number of the next new byte. */
  get next(): number {
    return this.#flight.next
  }

  /** MAX.SND.WND (RFC 5961 §5.2): largest window that the peer has offered, bytes. */
  get largestWindow(): number {
    return this.#peer.largest
  }

  /** Congestion window, bytes. */
  get congestionWindow(): number {
    return this.#congestion.bytes
  }

  /** Smoothed round-trip time, ms; 0 before the first sample. */
  get roundTripMs(): number {
    return this.#roundTrip.smoothedMs
  }

  /** Bytes queued: in flight and unsent. */
  get queued(): number {
    return this.#queue.length
  }

  get isFinDue(): boolean {
    return this.finQueued && !this.finSent && this.#queue.unsent === 0
  }

  /** Takes the peer's segment size, window and options from its SYN. */
  open(mss: number | undefined, windowShift: number | undefined, window: number, permitsSack: boolean): void {
    this.mss = Math.max(Math.min(mss ?? DEFAULT_PEER_MSS, this.#options.mss), 1)
    this.usesSack = permitsSack && this.#options.sack
    this.#peer.open(this.una, windowShift ?? 0, window)
    this.#congestion.open(this.mss)
  }

  push(chunk: Uint8Array, now: number): void {
    this.#queue.push(chunk)
    if (this.#queue.length >= this.#options.sendBufferBytes) this.isFull = true
    this.#startPersist(now)
  }

  /** Payload bytes of the next segment; 0 if nothing may be sent. */
  sendable(): number {
    const { unsent } = this.#queue
    if (unsent === 0) return 0
    const flight = this.#flight
    const length = Math.min(unsent, this.mss, this.#peer.room(flight.next))
    if (length <= 0) return 0
    return flight.next === flight.una || this.#mayJoinFlight(length, unsent) ? length : 0
  }

  /** Returns true if a segment may be sent while others are in flight. */
  #mayJoinFlight(length: number, unsent: number): boolean {
    const { pipe } = this.#flight
    if (pipe + length > this.#congestion.bytes && pipe > 0 && !this.#probesWithNew) {
      this.#isCwndLimited = true
      return false
    }
    // Sender's silly window avoidance (RFC 9293 §3.8.6.2.1): no small part of the window while ACKs
    // are on their way.
    return length === unsent || length === this.mss || length >= this.#peer.largest >>> 1
  }

  /** Returns true if the segment with the next `length` bytes is the last for now. */
  isLast(length: number): boolean {
    return this.#queue.unsent === length
  }

  /** Copies the next `length` bytes to `b[at]` and counts them as sent. */
  copyNext(b: Uint8Array, at: number, length: number, now: number): void {
    this.#queue.copyUnsent(b, at, length)
    this.#sent(length, now)
  }

  /**
   * Returns the chunk that holds the next `length` bytes in one piece, from {@link nextOffset} on,
   * or undefined.
   */
  nextInPlace(length: number): Uint8Array | undefined {
    return this.#queue.chunkOfUnsent(length)
  }

  get nextOffset(): number {
    return this.#queue.unsentOffset
  }

  /** Counts the next `length` bytes, which lie in one piece, as sent from where they are. */
  skipNext(length: number, now: number): void {
    this.#queue.skipUnsent(length)
    this.#sent(length, now)
  }

  /** Counts our SYN as sent or retransmitted. */
  synSent(now: number): void {
    const flight = this.#flight
    if (flight.next === flight.una) this.#sent(1, now)
    else {
      flight.retransmit(flight.start, flight.end, now)
      this.retransmits++
    }
    this.#arm(now)
  }

  /** Counts our FIN as sent after all queued bytes. */
  finWasSent(now: number): void {
    this.finSent = true
    this.#sent(1, now)
  }

  #sent(count: number, now: number): void {
    const flight = this.#flight
    if (flight.next === flight.una) {
      this.#userTimeoutFrom = now
      if (this.#congestion.isAboveInitial) this.#congestion.restart(now - flight.latestAt, this.#roundTrip.timeoutMs)
    }
    flight.send(count, this.mss, now)
    if (this.#recovery !== undefined) this.#sentDuringRecovery(this.#recovery, count)
    if (this.timeoutAt === NEVER) this.#arm(now)
  }

  #sentDuringRecovery(recovery: LossRecovery, count: number): void {
    recovery.countSent(count)
    if (!this.#probesWithNew) return
    this.#probesWithNew = false
    recovery.probe.sent(this.next, false)
  }

  /** True if a segment is to be retransmitted now. */
  get hasResend(): boolean {
    return (this.#flight.lost > 0 && this.#mayResend()) || this.#probesTail
  }

  #mayResend(): boolean {
    const { pipe } = this.#flight
    if (pipe === 0 || this.#recovery?.mustRetransmit === true) return true
    return pipe + this.#flight.lengthOf(this.#flight.firstLost()) <= this.#congestion.bytes
  }

  /**
   * Selects the segment that is retransmitted next: `resendSequence` and `resendLength` describe
   * it. {@link hasResend} is true.
   */
  selectResend(): void {
    const flight = this.#flight
    if (flight.lost > 0) {
      this.#resendFrom = flight.firstLost()
      this.#resendTo = this.#resendFrom + 1
      let length = flight.lengthOf(this.#resendFrom)
      // Small segments that follow each other go in one.
      for (let i = this.#resendTo; i < flight.end && flight.marks(i) & FlightMark.LOST; i++) {
        length += flight.lengthOf(i)
        if (length > this.mss) break
        this.#resendTo = i + 1
      }
    } else {
      // RFC 8985 §7.3: the segment with the highest number, with small ones before it.
      this.#resendTo = flight.end
      this.#resendFrom = flight.end - 1
      let length = flight.lengthOf(this.#resendFrom)
      while (this.#resendFrom > flight.start) {
        length += flight.lengthOf(this.#resendFrom - 1)
        if (length > this.mss) break
        this.#resendFrom--
      }
    }
    const last = flight.endOf(this.#resendTo - 1)
    this.resendSequence = flight.startOf(this.#resendFrom)
    this.resendsFin = this.finSent && last === flight.next
    this.resendLength = seqDiff(last, this.resendSequence) - (this.resendsFin ? 1 : 0)
  }
  #resendFrom = 0
  #resendTo = 0
  /** Number of the first byte of the selected segment. */
  resendSequence = 0
  /** Payload bytes of the selected segment; 0 if it is only a FIN. */
  resendLength = 0
  /** True if the selected segment carries our FIN. */
  resendsFin = false

  /** Copies the payload of the selected segment, and counts it as retransmitted. */
  copyAgain(b: Uint8Array, at: number, now: number): void {
    const flight = this.#flight
    this.#queue.copySent(b, at, seqDiff(this.resendSequence, flight.una), this.resendLength)
    const end = flight.endOf(this.#resendTo - 1)
    const isProbe = flight.lost === 0
    flight.retransmit(this.#resendFrom, this.#resendTo, now)
    if (isProbe) this.#recovery?.probe.sent(flight.next, true)
    this.#probesTail = false
    this.#recovery?.retransmitted(this.resendSequence, end)
    this.retransmits++
    this.#arm(now)
  }

  /** Processes the ACK of our SYN. */
  onSynAck(now: number): void {
    const flight = this.#flight
    const timedAt = flight.acknowledge(flight.next, undefined, now)
    this.#isSynAcked = true
    this.#userTimeoutFrom = now
    this.timeoutAt = NEVER
    if (timedAt >= 0) this.#roundTrip.sample(now - timedAt, now)
    this.#startPersist(now)
  }

  /**
   * Reads the SACK option of an acceptable segment, whose TCP header is at `b[o]`. To be called
   * before {@link onAck} for the same segment.
   */
  readSack(b: Uint8Array, o: number, ack: number): void {
    this.#blocks ??= new SackBlocks()
    if (!this.#blocks.read(b, o, ack)) return
    const recovery = this.#theRecovery()
    if (!recovery.isActive) recovery.rack.resume(this.una)
  }

  /**
   * Processes an acceptable ACK.
   * @param windowField as in the header
   * @param isOnlyAck true if the segment carries nothing else, so that a repetition counts as a
   * duplicate (RFC 5681 §2)
   * @returns true if it newly acknowledges our FIN
   */
  onAck(ack: number, windowField: number, isOnlyAck: boolean, now: number): boolean {
    const flight = this.#flight
    const acked = seqDiff(ack, flight.una)
    let finAcked = false
    if (acked < 0) {
      // An ACK that was overtaken: its SACK option may be news all the same.
      if (this.#blocks?.isFresh) this.#recover(this.#theRecovery(), 0, flight.sacked, false, now)
      return false
    }
    const opened = this.#peer.update(ack, windowField)
    // A peer that keeps its window at zero is alive: only the lack of ACKs counts towards the
    // timeout (RFC 9293 §3.8.6.1).
    if (windowField === 0) this.#userTimeoutFrom = now
    if (this.#recovery === undefined && (acked > 0 || this.usesSack)) {
      if (acked > 0) finAcked = this.#onNewlyAcked(ack, acked, undefined, now)
      else if (opened > 0) this.#onWindowOpened()
    } else finAcked = this.#examine(ack, acked, opened, isOnlyAck, now)
    this.#startPersist(now)
    return finAcked
  }

  /** Processes an ACK that may show a loss or a delivery after one. */
  #examine(ack: number, acked: number, opened: number, isOnlyAck: boolean, now: number): boolean {
    const flight = this.#flight
    const recovery = this.#theRecovery()
    const isDuplicate = isOnlyAck && acked === 0 && opened <= 0 && flight.next !== flight.una
    const sackedBefore = flight.sacked
    const isExamined = recovery.isActive || this.#blocks?.isFresh === true || isDuplicate
    let finAcked = false
    if (acked > 0) finAcked = this.#onNewlyAcked(ack, acked, isExamined ? recovery : undefined, now)
    else if (opened > 0) this.#onWindowOpened()
    if (isExamined) this.#recover(recovery, acked, sackedBefore, isDuplicate, now)
    return finAcked
  }

  /** Ends probing of a zero window, which has opened. */
  #onWindowOpened(): void {
    if (this.#flight.next !== this.#flight.una || this.timeoutAt === NEVER) return
    this.timeoutAt = NEVER
    this.#roundTrip.relax()
  }

  #onNewlyAcked(ack: number, acked: number, recovery: LossRecovery | undefined, now: number): boolean {
    const flight = this.#flight
    const timedAt = flight.acknowledge(ack, recovery?.rack, now)
    if (timedAt >= 0) this.#roundTrip.sample(now - timedAt, now)
    const finAcked = this.finSent && ack === flight.next
    const bytes = finAcked ? acked - 1 : acked
    if (bytes > 0) this.#queue.release(bytes)
    this.#userTimeoutFrom = now
    if (this.#isCwndLimited) {
      this.#isCwndLimited = false
      if (this.#recovery?.isRecovering !== true) this.#congestion.grow(acked, this.#roundTrip.smoothedMs, now)
    }
    if (ack === flight.next) {
      this.timeoutAt = NEVER
      this.#probesTail = false
    } else this.#arm(now)
    return finAcked
  }

  /** Examines an ACK for losses, after SND.UNA has moved. */
  #recover(recovery: LossRecovery, acked: number, sackedBefore: number, isDuplicate: boolean, now: number): void {
    const blocks = this.#blocks
    const isFresh = blocks?.isFresh === true
    if (isFresh) this.#sack(recovery, blocks, now)
    const report: AckReport = {
      acked,
      sackedBefore,
      isDuplicate,
      hasDuplicateBlock: isFresh && blocks.hasDuplicate,
      duplicateStart: blocks?.duplicateStart ?? 0,
      duplicateEnd: blocks?.duplicateEnd ?? 0,
    }
    recovery.onAck(report, now)
    if (this.timeoutAt !== NEVER) this.#rearm(recovery, now)
  }

  #sack(recovery: LossRecovery, blocks: SackBlocks, now: number): void {
    blocks.isFresh = false
    const flight = this.#flight
    let timedAt = -1
    for (let i = 0; i < blocks.count; i++)
      if (blocks.isWithin(i, flight.una, flight.next))
        timedAt = Math.max(timedAt, flight.sack(blocks.start(i), blocks.end(i), recovery.rack, now))
    if (timedAt >= 0) this.#roundTrip.sample(now - timedAt, now)
  }

  /** Adapts the timer to what an ACK has shown, without moving the retransmission timer. */
  #rearm(recovery: LossRecovery, now: number): void {
    if (recovery.reorderingWaitMs > 0) {
      this.#timer = Timer.REORDERING
      this.timeoutAt = Math.min(now + recovery.reorderingWaitMs, this.#userTimeoutFrom + this.#options.userTimeoutMs)
    } else if (this.#timer !== Timer.RETRANSMISSION) this.#arm(now)
  }

  /** Returns true once after the queue has fallen below half since it was full. */
  takeWritable(): boolean {
    if (!this.isFull || this.#queue.length > this.#options.sendBufferBytes >>> 1) return false
    this.isFull = false
    return true
  }

  /** Handles an expired timer. The caller carries out the action that is returned. */
  onTimeout(now: number): SenderTimeout {
    const timer = this.#timer
    this.timeoutAt = NEVER
    const isProbe = this.next === this.una
    if (isProbe && !this.#isWindowZero()) return SenderTimeout.NOTHING
    if (now >= this.#userTimeoutFrom + this.#options.userTimeoutMs) return SenderTimeout.TIMED_OUT
    if (timer === Timer.REORDERING && this.#recovery !== undefined) {
      this.#recovery.onReorderingTimeout(now)
      this.#armRetransmission(now)
      this.#rearm(this.#recovery, now)
      return SenderTimeout.RESEND
    }
    if (timer === Timer.TAIL_LOSS_PROBE && !isProbe) return this.#onProbeTimeout(now)
    this.#roundTrip.backOff()
    this.#armRetransmission(now)
    if (isProbe) return SenderTimeout.PROBE
    if (this.#isSynAcked) {
      this.#probesTail = false
      this.#theRecovery().onRetransmissionTimeout(now)
    }
    return SenderTimeout.RESEND
  }

  /** Sends a tail loss probe: a new segment if there is one, or the last one again. */
  #onProbeTimeout(now: number): SenderTimeout {
    // The timer is started for the least time, and is not moved by segments that are sent later.
    const flight = this.#flight
    const probeMs = this.#roundTrip.probeMs(flight.bytes <= 2 * this.mss)
    const dueAt = Math.max(flight.latestAt, this.#probeFrom) + probeMs
    if (dueAt > now) {
      this.#timer = Timer.TAIL_LOSS_PROBE
      this.timeoutAt = Math.min(dueAt, this.#userTimeoutFrom + this.#options.userTimeoutMs)
      return SenderTimeout.NOTHING
    }
    this.#theRecovery()
    this.#probesWithNew = true
    if (this.sendable() === 0) {
      this.#probesWithNew = false
      this.#probesTail = true
    }
    this.#armRetransmission(now)
    return SenderTimeout.RESEND
  }

  /** Drops the queue and stops all timers. */
  stop(): void {
    this.#queue.clear()
    this.#flight.clear()
    this.finQueued = false
    this.#probesTail = false
    this.#recovery = undefined
    this.timeoutAt = NEVER
  }

  #theRecovery(): LossRecovery {
    this.#recovery ??= new LossRecovery(this.#flight, this.#congestion, this.#roundTrip, this.usesSack, this.mss)
    return this.#recovery
  }

  /** True while data waits for a zero window to open, and nothing in flight will bring an ACK. */
  #isWindowZero(): boolean {
    return this.#queue.unsent > 0 && this.next === this.una && this.#peer.room(this.next) <= 0
  }

  #startPersist(now: number): void {
    if (this.timeoutAt !== NEVER || !this.#isWindowZero()) return
    this.#userTimeoutFrom = now
    this.#armRetransmission(now)
  }

  /** Starts the timer of the bytes in flight: the tail loss probe's, if one may be sent. */
  #arm(now: number): void {
    if (!this.#isSynAcked || !this.usesSack || this.#recovery?.mayProbe === false) {
      this.#armRetransmission(now)
      return
    }
    this.#timer = Timer.TAIL_LOSS_PROBE
    this.#probeFrom = now
    this.timeoutAt = now + (this.#flight.bytes <= 2 * this.mss ? this.#firstDelayedProbeMs : this.#firstProbeMs)
  }

  #armRetransmission(now: number): void {
    this.#timer = Timer.RETRANSMISSION
    this.timeoutAt = Math.min(now + this.#roundTrip.timeoutMs, this.#userTimeoutFrom + this.#options.userTimeoutMs)
  }
}
