import type { TcpOptions } from './options.js'
import { RetransmissionTimeout } from './retransmission-timeout.js'
import { SendQueue } from './send-queue.js'
import { seqAdd, seqDiff } from './sequence.js'

const NEVER = Number.POSITIVE_INFINITY
/** MSS of a peer that does not name one (RFC 9293 §3.7.1). */
const DEFAULT_PEER_MSS = 536
/** Duplicate ACKs after which the first segment in flight counts as lost (RFC 5681 §3.2). */
const DUPLICATE_ACKS = 3

/** What an expired retransmission timer asks for. */
export const SenderTimeout = {
  NOTHING: 0,
  /** What is in flight is to be sent again: {@link Sender.resend} is set, or it is the SYN. */
  RESEND: 1,
  /** The window is shut: the peer is to be asked whether it still is. */
  PROBE: 2,
  /** Nothing was acknowledged for too long. */
  GIVE_UP: 3,
} as const

export type SenderTimeout = (typeof SenderTimeout)[keyof typeof SenderTimeout]

/**
 * The sending half of an endpoint: what is queued, what is in flight, what the peer's window lets out, and what is to be
 * sent again when. It counts SYN and FIN as the numbers they take; the state of the connection is not its business.
 *
 * Loss is mended segment by segment, not by going back: the receiver keeps what arrives ahead of a gap, so only the first
 * segment in flight is repeated, and then the next gap as each partial ACK shows it (as in NewReno, RFC 6582, without its
 * windows). The fabric's segments are large and few, so that a window has few gaps; SACK would save little.
 */
export class Sender {
  readonly #options: TcpOptions
  readonly #queue: SendQueue
  readonly #rto: RetransmissionTimeout
  /** SND.UNA: the oldest number without an ACK. */
  una: number
  /** SND.NXT: the next number to be sent. */
  next: number
  /** First number beyond the peer's window. A peer that takes back what it has promised is not followed (RFC 7323 §2.4). */
  #edge: number
  #shift = 0
  #mss = DEFAULT_PEER_MSS
  /** MAX.SND.WND (RFC 5961 §5.2): the largest window that the peer has offered, bytes. */
  largestWindow = 0
  finQueued = false
  finSent = false
  /** The queue has been full and not below half since. */
  isFull = false

  /** The first segment in flight is to be sent again. */
  resend = false
  #recover: number
  #inRecovery = false
  #duplicateAcks = 0
  /** A number whose ACK gives a round-trip time, and when it was sent; -1: none (Karn's algorithm, RFC 6298 §3). */
  #timedSeq: number
  #timedAt = -1
  /** When the retransmission or persist timer expires, ms. */
  timeoutAt = NEVER
  /** When the peer last gave a sign that it takes in what we send. */
  #patienceFrom = 0

  /** Segments sent again. */
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

  /** What a SYN says about the peer: its segment size, its window, and whether windows are scaled. */
  open(mss: number | undefined, windowShift: number | undefined, window: number): void {
    this.#mss = Math.max(Math.min(mss ?? DEFAULT_PEER_MSS, this.#options.mss), 1)
    this.#shift = windowShift ?? 0
    this.#edge = seqAdd(this.una, 1 + window) // not scaled in a SYN; our own SYN comes before it
    this.largestWindow = window
  }

  push(chunk: Uint8Array, now: number): void {
    this.#queue.push(chunk)
    if (this.#queue.length >= this.#options.sendBufferBytes) this.isFull = true
    this.#startPersist(now)
  }

  /** Payload bytes of the next segment; 0 when nothing may be sent. */
  sendable(): number {
    const { unsent } = this.#queue
    if (unsent === 0) return 0
    const length = Math.min(unsent, this.#mss, seqDiff(this.#edge, this.next))
    if (length <= 0) return 0
    // Sender's silly window avoidance (RFC 9293 §3.8.6.2.1): no crumb of the window while ACKs are on their way.
    if (length < unsent && length < this.#mss && this.next !== this.una && length < this.largestWindow >>> 1) return 0
    return length
  }

  /** Whether the segment with the next `length` bytes is the last for now. */
  isLast(length: number): boolean {
    return this.#queue.unsent === length
  }

  /** Copies the next `length` bytes to `b[at]` and counts them as sent. */
  copyNext(b: Uint8Array, at: number, length: number, now: number): void {
    this.#queue.copyUnsent(b, at, length)
    this.#nextWasSent(length, now)
  }

  /** The memory in which the next `length` bytes lie side by side, from {@link nextOffset} on; undefined: in pieces. */
  nextInPlace(length: number): Uint8Array | undefined {
    return this.#queue.chunkOfUnsent(length)
  }

  get nextOffset(): number {
    return this.#queue.unsentOffset
  }

  /** Counts the next `length` bytes, which lie side by side, as sent from where they are. */
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

  /** Counts our SYN as sent: the first time, or once more. */
  synSent(now: number): void {
    if (this.next === this.una) {
      this.#sent(1, now)
      this.#timedAt = now
      this.#timedSeq = this.next
    } else this.retransmits++
    this.#arm(now)
  }

  /** Counts our FIN as sent, behind what was sent before it. */
  finWasSent(now: number): void {
    this.finSent = true
    this.#sent(1, now)
  }

  #sent(count: number, now: number): void {
    if (this.next === this.una) this.#patienceFrom = now
    this.next = seqAdd(this.next, count)
    if (this.timeoutAt === NEVER) this.#arm(now)
  }

  /** Payload bytes of the segment that is to be sent again; 0: only a FIN. */
  resendLength(): number {
    return Math.min(seqDiff(this.next, this.una) - (this.finSent ? 1 : 0), this.#mss)
  }

  /** Copies the first `length` bytes in flight, and counts them as sent again. */
  copyAgain(b: Uint8Array, at: number, length: number, now: number): void {
    this.#queue.copyFirst(b, at, length)
    this.resend = false
    this.retransmits++
    this.#arm(now)
  }

  /** Takes the ACK of our SYN. */
  onSynAck(now: number): void {
    this.una = this.next
    this.#patienceFrom = now
    this.timeoutAt = NEVER
    this.#inRecovery = false
    this.#sampleRtt(now)
    this.#startPersist(now)
  }

  /**
   * Takes a plausible ACK.
   * @param windowField as in the header
   * @param mayShowLoss the segment is nothing but an ACK, so a repetition counts as a duplicate (RFC 5681 §2)
   * @returns whether it newly acknowledges our FIN
   */
  onAck(ack: number, windowField: number, mayShowLoss: boolean, now: number): boolean {
    const acked = seqDiff(ack, this.una)
    if (acked < 0) return false
    const window = windowField << this.#shift
    if (window > this.largestWindow) this.largestWindow = window
    const opened = seqDiff(seqAdd(ack, window), this.#edge)
    if (opened > 0) this.#edge = seqAdd(ack, window)
    // A peer that keeps its window shut is alive: only silence counts towards giving up (RFC 9293 §3.8.6.1).
    if (windowField === 0) this.#patienceFrom = now
    let finAcked = false
    if (acked > 0) finAcked = this.#onNewlyAcked(ack, acked, now)
    else if (this.next !== this.una) {
      if (mayShowLoss && opened === 0 && ++this.#duplicateAcks === DUPLICATE_ACKS && !this.#inRecovery)
        this.#recoverNow()
    } else if (opened > 0 && this.timeoutAt !== NEVER) {
      // The window has opened: no more probing.
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
    this.#patienceFrom = now
    if (ack === this.next) this.timeoutAt = NEVER
    else this.#arm(now)
    if (this.#inRecovery && seqDiff(ack, this.#recover) >= 0) this.#inRecovery = false
    this.resend = this.#inRecovery // a partial ACK shows the next gap
    return finAcked
  }

  /** The queue has fallen below half since it was full. True once. */
  takeWritable(): boolean {
    if (!this.isFull || this.#queue.length > this.#options.sendBufferBytes >>> 1) return false
    this.isFull = false
    return true
  }

  /** The timer has expired. The caller sends what the answer asks for. */
  onTimeout(now: number): SenderTimeout {
    this.timeoutAt = NEVER
    const isProbe = this.next === this.una
    if (isProbe && !this.#isShut()) return SenderTimeout.NOTHING
    if (now >= this.#patienceFrom + this.#options.giveUpMs) return SenderTimeout.GIVE_UP
    this.#rto.backOff()
    this.#arm(now)
    if (isProbe) return SenderTimeout.PROBE
    this.#recoverNow()
    return SenderTimeout.RESEND
  }

  /** Forgets what was queued and stops all timers. */
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

  /** Data waits before a window of zero, and nothing in flight will bring an ACK. */
  #isShut(): boolean {
    return this.#queue.unsent > 0 && this.next === this.una && seqDiff(this.#edge, this.next) <= 0
  }

  #startPersist(now: number): void {
    if (this.timeoutAt !== NEVER || !this.#isShut()) return
    this.#patienceFrom = now
    this.#arm(now)
  }

  #arm(now: number): void {
    this.timeoutAt = Math.min(now + this.#rto.ms, this.#patienceFrom + this.#options.giveUpMs)
  }

  #sampleRtt(now: number): void {
    if (this.#timedAt >= 0) this.#rto.sample(now - this.#timedAt)
    this.#timedAt = -1
  }
}
