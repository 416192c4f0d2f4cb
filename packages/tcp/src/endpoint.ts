import { strict as assert } from 'node:assert'
import {
  readSynOptions,
  readU16,
  readU32,
  SYN_OPTIONS_BYTES,
  TCP_HEADER_BYTES,
  TcpFlag,
  tcpDataOffset,
  writeSynOptions,
  writeTcpHeader,
} from '@fivetuple/packet'
import { BareReset } from './bare-reset.js'
import { ChallengeBudget } from './challenge-budget.js'
import { TcpEvent } from './events.js'
import { KeepAlive } from './keep-alive.js'
import type { TcpOptions } from './options.js'
import { Receiver } from './receiver.js'
import type { SegmentOutput } from './segment-output.js'
import { Sender, SenderTimeout } from './sender.js'
import { seqAdd, seqDiff } from './sequence.js'
import { NO_TRANSITION, TcpInput, TcpState, TRANSITIONS } from './state.js'

const { FIN, SYN, RST, PSH, ACK } = TcpFlag
const NEVER = Number.POSITIVE_INFINITY
/** From here on a payload goes out from where it lies, if the output can: one more piece costs less than a copy. */
const IN_PLACE_MIN_BYTES = 4 * 1024

/**
 * One end of a TCP connection (RFC 9293), sans-IO: segments and the application's wishes go in with the time (ms),
 * segments and events come out when asked for.
 *
 * After each input the owner reads ({@link nextRead}) until nothing is left, takes the events, lets it
 * {@link transmit}, and notes the {@link deadline}.
 */
export class TcpEndpoint {
  readonly #options: TcpOptions
  readonly #localPort: number
  readonly #remotePort: number
  readonly #sender: Sender
  readonly #receiver: Receiver
  #challenges: ChallengeBudget | undefined

  #state: TcpState = TcpState.CLOSED
  #events = 0
  /** An incoming SYN is not answered before the owner says so. */
  #isDeferred = false
  // Segments without data that wait to be written; an ACK is the receiver's to ask for.
  #synPending = false
  #rstPending = false
  #probePending = false
  /** The ACK that waits responds to a keep-alive probe and to nothing else. */
  #respondsToProbe = false
  #bareReset: BareReset | undefined
  /** A soft error has come in since the peer last acknowledged something. */
  #isUnreachable = false

  readonly #keepAlive: KeepAlive
  /** End of TIME-WAIT, or of the wait of a SYN for its owner, ms. */
  #overAt = NEVER

  /** @param iss initial sequence number, 32 bits (RFC 9293 §3.4.1: hard to guess, and ahead of those used before) */
  constructor(options: TcpOptions, localPort: number, remotePort: number, iss: number) {
    this.#options = options
    this.#localPort = localPort
    this.#remotePort = remotePort
    this.#sender = new Sender(options, iss)
    this.#receiver = new Receiver(options)
    this.#keepAlive = new KeepAlive(options)
  }

  get state(): TcpState {
    return this.#state
  }

  /** Whether a new SYN of the same tuple may take this endpoint's place. */
  get isOver(): boolean {
    return this.#state === TcpState.TIME_WAIT || this.#state === TcpState.CLOSED
  }

  /** Bytes given to {@link send} and not acknowledged. */
  get sendBuffered(): number {
    return this.#sender.queued
  }

  /** Whether the application should pause until WRITABLE. */
  get sendBufferFull(): boolean {
    return this.#sender.isFull
  }

  /** Bytes that wait behind a gap. */
  get reassemblyBytes(): number {
    return this.#receiver.reassemblyBytes
  }

  /** Segments sent again, since the start. */
  get retransmits(): number {
    return this.#sender.retransmits
  }

  /** Segments that arrived ahead of a gap, since the start. */
  get outOfOrder(): number {
    return this.#receiver.outOfOrder
  }

  get hasEvents(): boolean {
    return this.#events !== 0
  }

  /** Whether {@link nextRead} would find something. */
  get hasRead(): boolean {
    return this.#receiver.hasRead
  }

  /** The view that {@link nextRead} has set. */
  get readBuffer(): Uint8Array {
    return this.#receiver.readBuffer
  }
  get readStart(): number {
    return this.#receiver.readStart
  }
  get readEnd(): number {
    return this.#receiver.readEnd
  }

  /** Whether {@link transmit} would have something to write. */
  get wantsTransmit(): boolean {
    const sender = this.#sender
    return (
      this.#receiver.ackNow ||
      (this.#mayStillSend() && (sender.sendable() > 0 || sender.isFinDue)) ||
      sender.resend ||
      this.#synPending ||
      this.#rstPending ||
      this.#probePending ||
      this.#bareReset?.isPending === true
    )
  }

  /**
   * True if all that {@link transmit} would write belongs to the keep-alive: a probe, or the response to one. It is no use
   * of the connection by its applications.
   */
  get isOnlyKeepAlive(): boolean {
    if (!this.#probePending && !this.#respondsToProbe) return false
    const { queued, resend, isFinDue } = this.#sender // with bytes queued it is a zero window that is probed
    const hasMore = queued > 0 || resend || isFinDue || this.#synPending || this.#rstPending
    return !hasMore && (!this.#receiver.ackNow || this.#respondsToProbe)
  }

  /** Opens actively: a SYN is to be sent. */
  connect(now: number): void {
    this.#move(TcpInput.CONNECT)
    this.#synPending = true
    this.#keepAlive.start(now)
  }

  /**
   * Takes a SYN whose TCP header is at `b[o]`. It is answered when {@link establish} or {@link refuse} is called; if neither is
   * within `giveUpMs`, the connection times out.
   */
  accept(b: Uint8Array, o: number, end: number, now: number): void {
    this.#move(TcpInput.SYN)
    this.#isDeferred = true
    this.#overAt = now + this.#options.giveUpMs
    this.#takeSyn(b, o)
    const data = o + tcpDataOffset(b, o)
    if (data < end) this.#receiver.holdBack(b, data, end)
  }

  /** Answers the SYN with SYN-ACK. Without effect when the peer has gone in the meantime. */
  establish(now: number): void {
    if (!this.#isDeferred || this.#state !== TcpState.SYN_RECEIVED) return
    this.#isDeferred = false
    this.#overAt = NEVER
    this.#synPending = true
    this.#keepAlive.start(now)
  }

  /** Answers the SYN with RST. */
  refuse(now: number): void {
    if (this.#state === TcpState.SYN_RECEIVED) this.abort(now)
  }

  /** Queues bytes. They are kept by reference until acknowledged and must not change. Ignored after {@link shutdown}. */
  send(chunk: Uint8Array, now: number): void {
    if (this.#state === TcpState.CLOSED || this.#sender.finQueued) return
    this.#sender.push(chunk, now)
  }

  /** Sends FIN behind what is queued. */
  shutdown(_now: number): void {
    if (this.#state !== TcpState.CLOSED) this.#sender.finQueued = true
  }

  /** Drops what is queued and sends RST; the endpoint is closed at once. */
  abort(_now: number): void {
    if (this.#state === TcpState.CLOSED) return
    this.#dieWithReset(0)
  }

  /** The application has taken `bytes` of what was delivered: the window opens. */
  consumed(bytes: number, _now: number): void {
    this.#receiver.consumed(bytes)
    if (this.#state === TcpState.CLOSED) this.#receiver.ackNow = false
  }

  /** An ICMP error said that the peer can't be reached: final for a SYN, a hint later (RFC 9293 §3.9.2.2). */
  unreachable(_now: number): void {
    if (this.#state === TcpState.SYN_SENT) this.#die(TcpEvent.REFUSED)
    else this.#isUnreachable = true
  }

  /** Takes the events since the last call: bits of {@link TcpEvent}. */
  takeEvents(): number {
    const events = this.#events
    this.#events = 0
    return events
  }

  /**
   * Moves on to the next delivered bytes: `readBuffer[readStart, readEnd)`. The views are valid until the next input;
   * each byte counts against the window until it is {@link consumed}.
   */
  nextRead(): boolean {
    return this.#receiver.nextRead()
  }

  /** When {@link onTimeout} is wanted, ms; Infinity: never. */
  deadline(): number {
    return Math.min(this.#sender.timeoutAt, this.#receiver.ackAt, this.#keepAlive.dueAt, this.#overAt)
  }

  /** Does what is due at `now`. Calling it too early or without need does no harm. */
  onTimeout(now: number): void {
    if (now >= this.#overAt) {
      this.#onOver()
      return
    }
    if (now >= this.#receiver.ackAt) {
      this.#receiver.ackAt = NEVER
      this.#receiver.ackNow = true
    }
    if (now >= this.#sender.timeoutAt) this.#onSenderTimeout(now)
    if (now >= this.#keepAlive.dueAt) this.#onKeepAlive(now)
  }

  /** Takes a segment: TCP header at `b[o]`, payload up to `end`. The owner has checked that the header is whole. */
  onSegment(b: Uint8Array, o: number, end: number, now: number): void {
    if (this.#state === TcpState.CLOSED) return
    const flags = b[o + 13]!
    if (this.#state === TcpState.SYN_SENT) {
      this.#onSegmentInSynSent(b, o, end, flags, now)
      return
    }
    // RFC 9293 §3.10.7.4, first check: the sequence number. What lies before the window is old, what lies behind it new.
    const receiver = this.#receiver
    const payload = o + tcpDataOffset(b, o)
    const length = end - payload + (flags & FIN ? 1 : 0)
    const ahead = seqDiff(readU32(b, o + 4), receiver.next)
    const isAcceptable = ahead <= 0 ? ahead + length > 0 || (ahead | length) === 0 : ahead < receiver.window
    if ((flags & (RST | SYN | ACK)) !== ACK && !this.#passesOddFlags(flags, ahead, now)) return
    const ack = readU32(b, o + 8) | 0
    const isOpening = this.#state === TcpState.SYN_RECEIVED
    if (isOpening) {
      if (!this.#onAckInSynReceived(ack, isAcceptable, now)) return
    } else if (!this.#sender.isPlausibleAck(ack)) {
      this.#challenge(now)
      return
    }
    this.#keepAlive.heard(now)
    if (!isAcceptable) {
      // Old data is answered each time (its ACK was lost), old or new nothing not without end: keep-alive and window
      // probes come slowly. A FIN that comes again in TIME-WAIT starts the wait anew.
      if (length > 0) receiver.ackNow = true
      else {
        // A zero window is probed by the persist timer. If there is data to acknowledge, the ACK is more than a response.
        const isKeepAlive = ahead === -1 && receiver.window > 0
        if (isKeepAlive && !receiver.ackNow && receiver.ackAt === NEVER) this.#respondsToProbe = true
        this.#challenge(now)
      }
      if (this.#state === TcpState.TIME_WAIT && flags & FIN) this.#startTimeWait(now)
      if (ahead > 0) return
      // The ACK field of something old may be news all the same.
    }
    const una = this.#sender.una
    const finAcked = this.#sender.onAck(ack, readU16(b, o + 14), isAcceptable && length === 0, now)
    if (this.#sender.una !== una) {
      this.#isUnreachable = false
      if (this.#sender.takeWritable()) this.#events |= TcpEvent.WRITABLE
      if (finAcked) this.#onFinAcked(now)
    }
    if (isAcceptable && length > 0) this.#onData(b, payload, end, ahead, flags, now)
    if (isOpening) receiver.release() // data that came with the SYN, unless this segment has brought it again
  }

  /**
   * Writes all that may be sent now.
   * @returns false when the output refused something: it is kept, and {@link wantsTransmit} stays true
   */
  transmit(out: SegmentOutput, now: number): boolean {
    this.#respondsToProbe = false
    if (this.#bareReset?.write(out, this.#localPort, this.#remotePort) === false) return false
    if (this.#state < TcpState.ESTABLISHED) return this.#transmitUnsynchronized(out, now)
    const data = this.#transmitData(out, now)
    if (this.#probePending) {
      // One number before the next: out of the window, so it must be answered (RFC 9293 §3.8.4).
      if (!this.#writeControl(out, ACK, seqAdd(this.#sender.next, -1))) return false
      this.#probePending = false
    }
    // Data may be held up where an ACK is not: the other direction must not suffer.
    if (this.#receiver.ackNow && !this.#writeControl(out, ACK, this.#sender.next)) return false
    return data
  }

  // ---- receiving

  /** The second to fourth check: RST, SYN, no ACK. Returns false when the segment is done with. */
  #passesOddFlags(flags: number, ahead: number, now: number): boolean {
    if (flags & RST) {
      // RFC 5961 §3.2: only a RST at exactly the next number is believed; one within the window is questioned.
      if (ahead === 0) this.#die(this.#state === TcpState.TIME_WAIT ? 0 : TcpEvent.RESET)
      else if (ahead > 0 && ahead < this.#receiver.window) this.#challenge(now)
      return false
    }
    if (flags & SYN) {
      // The SYN once more is answered once more, as soon as it may be; any other gets a challenge ACK (RFC 5961 §4).
      const isAgain = this.#state === TcpState.SYN_RECEIVED && ahead === -1 && (flags & ACK) === 0
      if (!isAgain) this.#challenge(now)
      else if (!this.#isDeferred) this.#synPending = true
      return false
    }
    return (flags & ACK) !== 0
  }

  #onSegmentInSynSent(b: Uint8Array, o: number, end: number, flags: number, now: number): void {
    const ack = readU32(b, o + 8) | 0
    const { una, next } = this.#sender
    const acksSyn = ack === next && next !== una
    if (flags & RST) {
      if (flags & ACK && acksSyn) this.#die(TcpEvent.REFUSED)
      return
    }
    if ((flags & ACK) === 0) return // simultaneous open is not supported
    if (!acksSyn) {
      this.#sendBareReset(ack) // RFC 9293 §3.10.7.3: a half-open connection of before ends here
      return
    }
    if ((flags & SYN) === 0) return
    this.#keepAlive.heard(now)
    this.#takeSyn(b, o)
    this.#synPending = false
    this.#sender.onSynAck(now)
    this.#becomeEstablished()
    this.#receiver.ackNow = true
    const payload = o + tcpDataOffset(b, o)
    if (payload < end) {
      this.#receiver.holdBack(b, payload, end)
      this.#receiver.release()
    }
  }

  #takeSyn(b: Uint8Array, o: number): void {
    const { maximumSegmentSize, windowShift } = readSynOptions(b, o)
    this.#receiver.open(readU32(b, o + 4), windowShift !== undefined)
    this.#sender.open(maximumSegmentSize, windowShift, readU16(b, o + 14))
  }

  #onAckInSynReceived(ack: number, isAcceptable: boolean, now: number): boolean {
    const { una, next } = this.#sender
    if (!isAcceptable) {
      this.#challenge(now)
      return false
    }
    if (ack !== next || next === una) {
      this.#sendBareReset(ack)
      return false
    }
    this.#synPending = false
    this.#sender.onSynAck(now)
    this.#becomeEstablished()
    return true
  }

  #becomeEstablished(): void {
    this.#move(TcpInput.SYN_ACKED)
    this.#events |= TcpEvent.CONNECTED
  }

  #onFinAcked(now: number): void {
    this.#move(TcpInput.FIN_ACKED)
    if (this.#state === TcpState.CLOSED) this.#die(0)
    else if (this.#state === TcpState.TIME_WAIT) this.#startTimeWait(now)
  }

  #onData(b: Uint8Array, payload: number, end: number, ahead: number, flags: number, now: number): void {
    const receiver = this.#receiver
    if (receiver.finReached) {
      // Nothing can follow a FIN (RFC 9293 §3.10.7.4, seventh check).
      if (this.#state !== TcpState.CLOSED) this.#challenge(now)
      return
    }
    if (!receiver.take(b, payload, end, ahead, (flags & FIN) !== 0, now)) return
    this.#events |= TcpEvent.END
    this.#move(TcpInput.FIN)
    if (this.#state === TcpState.TIME_WAIT) this.#startTimeWait(now)
  }

  #challenge(now: number): void {
    this.#challenges ??= new ChallengeBudget()
    if (this.#challenges.take(now)) this.#receiver.ackNow = true
  }

  #sendBareReset(sequence: number): void {
    this.#bareReset ??= new BareReset()
    this.#bareReset.send(sequence)
  }

  // ---- sending

  /** Whether data and FIN may go out: in every other state the FIN has gone or the SYN is not acknowledged. */
  #mayStillSend(): boolean {
    return this.#state === TcpState.ESTABLISHED || this.#state === TcpState.CLOSE_WAIT
  }

  #transmitUnsynchronized(out: SegmentOutput, now: number): boolean {
    if (this.#rstPending) {
      if (!this.#writeControl(out, RST | ACK, this.#sender.next)) return false
      this.#rstPending = false
    }
    if (this.#synPending && !this.#writeSyn(out, now)) return false
    return !this.#receiver.ackNow || this.#writeControl(out, ACK, this.#sender.next)
  }

  #transmitData(out: SegmentOutput, now: number): boolean {
    const sender = this.#sender
    if (sender.resend && !this.#writeAgain(out, now)) return false
    if (!this.#mayStillSend()) return true
    for (let length = sender.sendable(); length > 0; length = sender.sendable()) {
      if (!this.#writeData(out, length, now)) return false
    }
    return !sender.isFinDue || this.#writeFin(out, now)
  }

  #writeData(out: SegmentOutput, length: number, now: number): boolean {
    const sender = this.#sender
    const inPlace = length >= IN_PLACE_MIN_BYTES && out.reserveHeader ? sender.nextInPlace(length) : undefined
    const at =
      inPlace === undefined
        ? out.reserve(TCP_HEADER_BYTES + length, false)
        : out.reserveHeader!(TCP_HEADER_BYTES, inPlace, sender.nextOffset, sender.nextOffset + length)
    if (at < 0) return false
    const isLast = sender.isLast(length)
    const fin = isLast && sender.finQueued
    this.#writeHeader(out.buffer, at, sender.next, ACK | (isLast ? PSH : 0) | (fin ? FIN : 0))
    if (inPlace === undefined) sender.copyNext(out.buffer, at + TCP_HEADER_BYTES, length, now)
    else sender.skipNext(length, now)
    if (fin) this.#finWasSent(now)
    return true
  }

  #writeFin(out: SegmentOutput, now: number): boolean {
    if (!this.#writeControl(out, ACK | FIN, this.#sender.next)) return false
    this.#finWasSent(now)
    return true
  }

  #finWasSent(now: number): void {
    this.#sender.finWasSent(now)
    this.#move(TcpInput.FIN_SENT)
  }

  #writeAgain(out: SegmentOutput, now: number): boolean {
    const sender = this.#sender
    const length = sender.resendLength()
    const at = out.reserve(TCP_HEADER_BYTES + length, length === 0)
    if (at < 0) return false
    const reachesFin = sender.finSent && seqAdd(sender.una, length + 1) === sender.next
    this.#writeHeader(out.buffer, at, sender.una, ACK | PSH | (reachesFin ? FIN : 0))
    sender.copyAgain(out.buffer, at + TCP_HEADER_BYTES, length, now)
    return true
  }

  #writeSyn(out: SegmentOutput, now: number): boolean {
    const at = out.reserve(TCP_HEADER_BYTES + SYN_OPTIONS_BYTES, true)
    if (at < 0) return false
    this.#synPending = false
    const isAnswer = this.#state === TcpState.SYN_RECEIVED
    const headerLength = TCP_HEADER_BYTES + SYN_OPTIONS_BYTES
    writeTcpHeader(
      out.buffer,
      at,
      this.#localPort,
      this.#remotePort,
      this.#sender.una,
      isAnswer ? this.#receiver.next : 0,
      headerLength,
      isAnswer ? SYN | ACK : SYN,
      this.#receiver.synWindow(),
    )
    writeSynOptions(out.buffer, at + TCP_HEADER_BYTES, this.#options.mss, this.#receiver.shift)
    this.#sender.synSent(now)
    return true
  }

  #writeControl(out: SegmentOutput, flags: number, seq: number): boolean {
    const at = out.reserve(TCP_HEADER_BYTES, true)
    if (at < 0) return false
    this.#writeHeader(out.buffer, at, seq, flags)
    return true
  }

  /** Writes a header with the current ACK and window: an ACK that was due is thereby sent. */
  #writeHeader(b: Uint8Array, at: number, seq: number, flags: number): void {
    const receiver = this.#receiver
    const window = receiver.windowField()
    writeTcpHeader(b, at, this.#localPort, this.#remotePort, seq, receiver.next, TCP_HEADER_BYTES, flags, window)
  }

  // ---- time

  #onSenderTimeout(now: number): void {
    switch (this.#sender.onTimeout(now)) {
      case SenderTimeout.RESEND:
        if (this.#state < TcpState.ESTABLISHED) {
          this.#sender.resend = false
          this.#synPending = true
        }
        return
      case SenderTimeout.PROBE:
        this.#probePending = true
        return
      case SenderTimeout.GIVE_UP:
        this.#giveUp()
        return
    }
  }

  /** TIME-WAIT is over, or the owner has not answered the SYN in time. */
  #onOver(): void {
    if (this.#isDeferred) this.#giveUp()
    else {
      this.#move(TcpInput.TIME_WAIT_OVER)
      this.#die(0)
    }
  }

  #giveUp(): void {
    if (this.#isUnreachable) this.#die(TcpEvent.TIMEOUT)
    else this.#dieWithReset(TcpEvent.TIMEOUT)
  }

  /**
   * Sends RST and dies. A SYN that has not been answered is taken back, too, which RFC 9293 §3.10.5 does not ask for: the peer
   * may be waiting for its owner, and would wait for nothing.
   */
  #dieWithReset(events: number): void {
    const { una, next } = this.#sender
    const isOpening = this.#state === TcpState.SYN_SENT
    this.#rstPending = !isOpening && this.#state !== TcpState.TIME_WAIT
    this.#die(events)
    if (isOpening && una !== next) this.#sendBareReset(next)
  }

  #onKeepAlive(now: number): void {
    const isHalfClosed = this.#state === TcpState.FIN_WAIT_2 || this.#state === TcpState.CLOSE_WAIT
    // While the retransmission or persist timer runs, it is the one that watches over the peer.
    const isWatched = this.#sender.timeoutAt !== NEVER || this.#state < TcpState.ESTABLISHED
    const action = this.#keepAlive.onTimeout(isHalfClosed, isWatched, now)
    if (action === 'probe') this.#probePending = true
    else if (action === 'give-up') this.#giveUp()
  }

  #startTimeWait(now: number): void {
    this.#keepAlive.stop()
    this.#overAt = now + this.#options.timeWaitMs
  }

  // ---- state

  #move(input: TcpInput): void {
    const next = TRANSITIONS[this.#state]![input]!
    assert(next !== NO_TRANSITION, `TCP input ${input} in state ${this.#state}`)
    this.#state = next as TcpState
  }

  /** Nothing more happens here but, perhaps, one RST. What was delivered can still be read. */
  #die(events: number): void {
    this.#move(TcpInput.ABORT)
    this.#events |= events | TcpEvent.CLOSED
    this.#sender.stop()
    this.#receiver.stop()
    this.#synPending = false
    this.#probePending = false
    this.#bareReset = undefined
    this.#keepAlive.stop()
    this.#overAt = NEVER
  }
}
