import type { TcpOptions } from './options.js'
import { RetransmissionTimeout } from './retransmission-timeout.js'
import { SendQueue } from './send-queue.js'
import { seqAdd, seqDiff } from './sequence.js'

const NEVER = Number.POSITIVE_INFINITY
/** MSS of a peer that does not name one (RFC 9293 §3.7.1). */
const DEFAULT_PEER_MSS = 536
/** Duplicate ACKs after which the first segment in flight counts as lost (RFC 5681 §3.2). */
const DUPLICATE_ACKS = 3

/** Action that an expired retransmission timer requires. */
export const SenderTimeout = {
  NOTHING: 0,
  /** Retransmit: {@link Sender.resend} is set, or the SYN is unacknowledged. */
  RESEND: 1,
  /** Probe the zero window. */
  PROBE: 2,
  /** Nothing was acknowledged within the user timeout. */
  TIMED_OUT: 3,
} as const

export type SenderTimeout = (typeof SenderTimeout)[keyof typeof SenderTimeout]

/**
 * Sending half of an endpoint: the queue, the bytes in flight, the peer's window, and
 * retransmission. SYN and FIN count as the sequence numbers they take. It does not handle the state
 * of the connection.
 *
 * Loss is repaired segment by segment. The receiver keeps segments that arrive ahead of a gap, so
 * only the first segment in flight is retransmitted, and then the next gap as each partial ACK
 * shows it (as in NewReno, RFC 6582, without its windows). The fabric's segments are large and few,
 * so a window has few gaps, and SACK would save little.
 */
export class Sender {
  readonly #options: TcpOptions
  readonly #queue: SendQueue
  readonly #rto: RetransmissionTimeout
  /** SND.UNA: oldest number without an ACK. */
  una: number
  /** SND.NXT: next number to be sent. */
  next: number
  /**
   * First number beyond the peer's window. A peer that shrinks its window is not followed
   * (RFC 7323 §2.4).
   */
  #edge: number
  #shift = 0
  #mss = DEFAULT_PEER_MSS
  /** MAX.SND.WND (RFC 5961 §5.2): largest window that the peer has offered, bytes. */
  largestWindow = 0
  finQueued = false
  finSent = false
  /** True while the queue has been full and not below half since. */
  isFull = false

  /** True while the first segment in flight is to be retransmitted. */
  resend = false
  #recover: number
  #inRecovery = false
  #duplicateAcks = 0
  /**
   * Number whose ACK measures a round trip, and the time at which it was sent; -1: none (Karn's
   * algorithm, RFC 6298 §3).
   */
  #timedSeq: number
  #timedAt = -1
  /** Time at which the retransmission or persist timer expires, ms. */
  timeoutAt = NEVER
  /** Time from which the user timeout counts: the peer's last progress, ms. */
  #userTimeoutFrom = 0

  /** Segments retransmitted. */
  retransmits = 0

  constructor(options: TcpOptions, iss: number) {
    this.#options = options
    this.#queue = new SendQueue(options.onAcknowledged)
    this.una = iss | 0
    this.next = iss | 0
    this.#edge = iss | 0
    this.#recover = iss | 0
    this.#timedSeq = iss | 0
    this.#rto = new RetransmissionTimeout(options)
  }

  /** Bytes queued: in flight and unsent. */
  get queued(): number {
    return this.#queue.length
  }

  get isFinDue(): boolean {
    return this.finQueued && !this.finSent && this.#queue.unsent === 0
  }

  /** Takes the peer's segment size, window and window scale from its SYN. */
  open(mss: number | undefined, windowShift: number | undefined, window: number): void {
    this.#mss = Math.max(Math.min(mss ?? DEFAULT_PEER_MSS, this.#options.mss), 1)
    this.#shift = windowShift ?? 0
    this.#edge = seqAdd(this.una, 1 + window) // the window of a SYN is not scaled; our own SYN comes before it
    this.largestWindow = window
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
    const length = Math.min(unsent, this.#mss, seqDiff(this.#edge, this.next))
    if (length <= 0) return 0
    // Sender's silly window avoidance (RFC 9293 §3.8.6.2.1): no small part of the window while ACKs
    // are on their way.
    if (length < unsent && length < this.#mss && this.next !== this.una && length < this.largestWindow >>> 1) return 0
    return length
  }

  /** Returns true if the segment with the next `length` bytes is the last for now. */
  isLast(length: number): boolean {
    return this.#queue.unsent === length
  }

  /** Copies the next `length` bytes to `b[at]` and counts them as sent. */
  copyNext(b: Uint8Array, at: number, length: number, now: number): void {
    this.#queue.copyUnsent(b, at, length)
    this.#nextWasSent(length, now)
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
    this.#nextWasSent(length, now)
  }

  #nextWasSent(length: number, now: number): void {
    this.#sent(length, now)
    if (this.#timedAt < 0 && !this.#inRecovery) {
      this.#timedAt = now
      this.#timedSeq = this.next
    }
  }

  /** Counts our SYN as sent or retransmitted. */
  synSent(now: number): void {
    if (this.next === this.una) {
      this.#sent(1, now)
      this.#timedAt = now
      this.#timedSeq = this.next
    } else this.retransmits++
    this.#arm(now)
  }

  /** Counts our FIN as sent after all queued bytes. */
  finWasSent(now: number): void {
    this.finSent = true
    this.#sent(1, now)
  }

  #sent(count: number, now: number): void {
    if (this.next === this.una) this.#userTimeoutFrom = now
    this.next = seqAdd(this.next, count)
    if (this.timeoutAt === NEVER) this.#arm(now)
  }

  /** Payload bytes of the segment to be retransmitted; 0 if it is only a FIN. */
  resendLength(): number {
    return Math.min(seqDiff(this.next, this.una) - (this.finSent ? 1 : 0), this.#mss)
  }

  /** Copies the first `length` bytes in flight, and counts them as retransmitted. */
  copyAgain(b: Uint8Array, at: number, length: number, now: number): void {
    this.#queue.copyFirst(b, at, length)
    this.resend = false
    this.retransmits++
    this.#arm(now)
  }

  /** Processes the ACK of our SYN. */
  onSynAck(now: number): void {
    this.una = this.next
    this.#userTimeoutFrom = now
    this.timeoutAt = NEVER
    this.#inRecovery = false
    this.#sampleRtt(now)
    this.#startPersist(now)
  }

  /**
   * Processes an acceptable ACK.
   * @param windowField as in the header
   * @param mayShowLoss true if the segment is only an ACK, so that a repetition counts as a
   * duplicate (RFC 5681 §2)
   * @returns true if it newly acknowledges our FIN
   */
  onAck(ack: number, windowField: number, mayShowLoss: boolean, now: number): boolean {
    const acked = seqDiff(ack, this.una)
    if (acked < 0) return false
    const window = windowField << this.#shift
    if (window > this.largestWindow) this.largestWindow = window
    const opened = seqDiff(seqAdd(ack, window), this.#edge)
    if (opened > 0) this.#edge = seqAdd(ack, window)
    // A peer that keeps its window at zero is alive: only the lack of ACKs counts towards the
    // timeout (RFC 9293 §3.8.6.1).
    if (windowField === 0) this.#userTimeoutFrom = now
    let finAcked = false
    if (acked > 0) finAcked = this.#onNewlyAcked(ack, acked, now)
    else if (this.next !== this.una) {
      if (mayShowLoss && opened === 0 && ++this.#duplicateAcks === DUPLICATE_ACKS && !this.#inRecovery)
        this.#recoverNow()
    } else if (opened > 0 && this.timeoutAt !== NEVER) {
      // The window has opened: probing ends.
      this.timeoutAt = NEVER
      this.#rto.relax()
    }
    this.#startPersist(now)
    return finAcked
  }

  #onNewlyAcked(ack: number, acked: number, now: number): boolean {
    this.#duplicateAcks = 0
    if (this.#timedAt >= 0 && seqDiff(ack, this.#timedSeq) >= 0) this.#sampleRtt(now)
    const finAcked = this.finSent && ack === this.next
    const bytes = finAcked ? acked - 1 : acked
    if (bytes > 0) this.#queue.release(bytes)
    this.una = ack
    this.#userTimeoutFrom = now
    if (ack === this.next) this.timeoutAt = NEVER
    else this.#arm(now)
    if (this.#inRecovery && seqDiff(ack, this.#recover) >= 0) this.#inRecovery = false
    this.resend = this.#inRecovery // a partial ACK shows the next gap
    return finAcked
  }

  /** Returns true once after the queue has fallen below half since it was full. */
  takeWritable(): boolean {
    if (!this.isFull || this.#queue.length > this.#options.sendBufferBytes >>> 1) return false
    this.isFull = false
    return true
  }

  /** Handles an expired timer. The caller carries out the action that is returned. */
  onTimeout(now: number): SenderTimeout {
    this.timeoutAt = NEVER
    const isProbe = this.next === this.una
    if (isProbe && !this.#isWindowZero()) return SenderTimeout.NOTHING
    if (now >= this.#userTimeoutFrom + this.#options.userTimeoutMs) return SenderTimeout.TIMED_OUT
    this.#rto.backOff()
    this.#arm(now)
    if (isProbe) return SenderTimeout.PROBE
    this.#recoverNow()
    return SenderTimeout.RESEND
  }

  /** Drops the queue and stops all timers. */
  stop(): void {
    this.#queue.clear()
    this.finQueued = false
    this.resend = false
    this.timeoutAt = NEVER
  }

  #recoverNow(): void {
    this.#inRecovery = true
    this.#recover = this.next
    this.resend = true
    this.#timedAt = -1
  }

  /** True while data waits for a zero window to open, and nothing in flight will bring an ACK. */
  #isWindowZero(): boolean {
    return this.#queue.unsent > 0 && this.next === this.una && seqDiff(this.#edge, this.next) <= 0
  }

  #startPersist(now: number): void {
    if (this.timeoutAt !== NEVER || !this.#isWindowZero()) return
    this.#userTimeoutFrom = now
    this.#arm(now)
  }

  #arm(now: number): void {
    this.timeoutAt = Math.min(now + this.#rto.ms, this.#userTimeoutFrom + this.#options.userTimeoutMs)
  }

  #sampleRtt(now: number): void {
    if (this.#timedAt >= 0) this.#rto.sample(now - this.#timedAt)
    this.#timedAt = -1
  }
}
