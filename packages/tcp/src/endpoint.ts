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
import { TcpEvent } from './events.js'
import type { TcpOptions } from './options.js'
import { Reassembly } from './reassembly.js'
import { RetransmissionTimeout } from './retransmission-timeout.js'
import type { SegmentOutput } from './segment-output.js'
import { SendQueue } from './send-queue.js'
import { seqAdd, seqDiff } from './sequence.js'
import { NO_TRANSITION, TcpInput, TcpState, TRANSITIONS } from './state.js'

const { FIN, SYN, RST, PSH, ACK } = TcpFlag
const NEVER = Number.POSITIVE_INFINITY
/** MSS of a peer that does not name one (RFC 9293 §3.7.1). */
const DEFAULT_PEER_MSS = 536
/** Duplicate ACKs after which the first segment in flight counts as lost (RFC 5681 §3.2). */
const DUPLICATE_ACKS = 3

/**
 * One end of a TCP connection (RFC 9293), sans-IO: segments and the application's wishes go in with the time, segments
 * and events come out when asked for.
 *
 * Loss is mended segment by segment: the receiver keeps what arrives ahead of a gap, and the sender repeats only the
 * first segment in flight, then the next gap as each partial ACK shows it (as in NewReno, RFC 6582, without its windows).
 */
export class TcpEndpoint {
  readonly #options: TcpOptions
  readonly #localPort: number
  readonly #remotePort: number

  #state: TcpState = TcpState.CLOSED
  #events = 0
  /** An incoming SYN is not answered before the owner says so. */
  #deferred = false
  // Control segments that wait to be written.
  #synPending = false
  #rstPending = false
  #ackNow = false
  #probePending = false

  // Sending. Sequence numbers are signed 32-bit, see sequence.ts.
  readonly #queue = new SendQueue()
  #sndUna: number
  #sndNxt: number
  #sndWindow = 0
  #sndShift = 0
  #peerMss = DEFAULT_PEER_MSS
  #finQueued = false
  #finSent = false
  #wasFull = false

  // Receiving.
  #rcvNxt = 0
  #rcvShift = 0
  /** Right edge of the window that the peer has been told. */
  #rcvEdge = 0
  /** Delivered and not consumed. */
  #unconsumed = 0
  #sinceAck = 0
  #finReceived = false
  readonly #ahead = new Reassembly()
  /** Sequence number of a FIN that arrived ahead of a gap. */
  #finAhead: number | undefined
  #inPlace = false
  readonly #released: Uint8Array[] = []

  // Loss recovery.
  readonly #rto: RetransmissionTimeout
  #resend = false
  #recover: number
  #inRecovery = false
  #duplicateAcks = 0
  #timedSeq = 0
  #timedAt = -1
  /** When the oldest byte in flight began to wait for its ACK. */
  #waitingSince = 0
  #unreachable = false

  // Deadlines, ms.
  #rtoAt = NEVER
  #ackAt = NEVER
  #keepAt = NEVER
  #overAt = NEVER
  #heardAt = 0
  #probes = 0

  /** The view that {@link nextRead} has set. */
  readBuffer: Uint8Array
  readStart = 0
  readEnd = 0
  #placeBuffer: Uint8Array
  #placeStart = 0
  #placeEnd = 0

  /** Segments sent again. */
  retransmits = 0
  /** Segments that arrived ahead of a gap. */
  outOfOrder = 0

  /** @param iss initial sequence number, 32 bits */
  constructor(options: TcpOptions, localPort: number, remotePort: number, iss: number) {
    this.#options = options
    this.#localPort = localPort
    this.#remotePort = remotePort
    this.#sndUna = iss | 0
    this.#sndNxt = iss | 0
    this.#recover = iss | 0
    this.#rto = new RetransmissionTimeout(options)
    this.readBuffer = NOTHING
    this.#placeBuffer = NOTHING
    while (options.windowBytes >>> this.#rcvShift > 0xffff) this.#rcvShift++
  }

  get state(): TcpState {
    return this.#state
  }

  /** Whether a new SYN of the same tuple may take this endpoint's place. */
  get isOver(): boolean {
    return this.#state === TcpState.TIME_WAIT || this.#state === TcpState.CLOSED
  }

  /** Bytes given to send and not acknowledged. */
  get sendBuffered(): number {
    return this.#queue.length
  }

  get sendBufferFull(): boolean {
    return this.#wasFull
  }

  /** Bytes that wait behind a gap. */
  get reassemblyBytes(): number {
    return this.#ahead.bytes
  }

  get hasEvents(): boolean {
    return this.#events !== 0
  }

  /** Whether {@link nextRead} would find something. */
  get hasRead(): boolean {
    return this.#inPlace || this.#released.length > 0
  }

  /** Whether {@link transmit} would have something to write. */
  get wantsTransmit(): boolean {
    return (
      this.#ackNow ||
      this.#synPending ||
      this.#rstPending ||
      this.#probePending ||
      this.#resend ||
      (this.#canSend() && this.#nextDataLength() > 0) ||
      this.#finIsDue()
    )
  }

  /** Opens actively: a SYN is to be sent. */
  connect(now: number): void {
    this.#move(TcpInput.CONNECT)
    this.#synPending = true
    this.#startKeepAlive(now)
  }

  /** Takes a SYN whose TCP header is at `b[o]`. It is answered when {@link establish} or {@link refuse} is called. */
  accept(b: Uint8Array, o: number, end: number, now: number): void {
    this.#move(TcpInput.SYN)
    this.#deferred = true
    this.#takeSyn(b, o)
    const data = o + tcpDataOffset(b, o)
    if (data < end) this.#ahead.insert(this.#rcvNxt, b, data, Math.min(end, data + this.#options.windowBytes))
    this.#heardAt = now
  }

  /** Answers the SYN with SYN-ACK. */
  establish(now: number): void {
    if (!this.#deferred) return
    this.#deferred = false
    this.#synPending = true
    this.#startKeepAlive(now)
  }

  /** Answers the SYN with RST. */
  refuse(_now: number): void {
    if (this.#state !== TcpState.SYN_RECEIVED) return
    this.#rstPending = true
    this.#die(0)
  }

  /** Queues bytes. They are kept by reference until acknowledged and must not change. Ignored after {@link shutdown}. */
  send(chunk: Uint8Array, _now: number): void {
    if (this.#state === TcpState.CLOSED || this.#finQueued) return
    this.#queue.push(chunk)
    if (this.#queue.length >= this.#options.sendBufferBytes) this.#wasFull = true
  }

  /** Sends FIN behind what is queued. */
  shutdown(_now: number): void {
    if (this.#state !== TcpState.CLOSED) this.#finQueued = true
  }

  /** Sends RST; the endpoint is closed at once. */
  abort(_now: number): void {
    if (this.#state === TcpState.CLOSED) return
    // RFC 9293 §3.10.5: nothing to reset before the peer has answered, nor in TIME-WAIT.
    this.#rstPending = this.#state !== TcpState.SYN_SENT && this.#state !== TcpState.TIME_WAIT
    this.#die(0)
  }

  /** The application has taken `bytes` of what was delivered: the window opens. */
  consumed(bytes: number, _now: number): void {
    this.#unconsumed -= bytes
    assert(this.#unconsumed >= 0, 'more consumed than delivered')
    if (this.#finReceived || this.#state < TcpState.ESTABLISHED) return
    // Silly window avoidance (RFC 9293 §3.8.6.2.2): tell of a quarter window or more, not of every byte.
    const opened = seqDiff(seqAdd(this.#rcvNxt, this.#freeWindow()), this.#rcvEdge)
    if (opened >= this.#options.windowBytes >>> 2 && seqDiff(this.#rcvEdge, this.#rcvNxt) < this.#options.windowBytes >>> 1)
      this.#ackNow = true
  }

  /** An ICMP error said that the peer can't be reached: final for a SYN, a hint later (RFC 9293 §3.9.2.2). */
  unreachable(_now: number): void {
    if (this.#state === TcpState.SYN_SENT) this.#die(TcpEvent.REFUSED)
    else this.#unreachable = true
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
    if (this.#inPlace) {
      this.#inPlace = false
      this.readBuffer = this.#placeBuffer
      this.readStart = this.#placeStart
      this.readEnd = this.#placeEnd
      return true
    }
    const released = this.#released.shift()
    if (released === undefined) {
      this.readBuffer = NOTHING
      this.#placeBuffer = NOTHING
      return false
    }
    this.readBuffer = released
    this.readStart = 0
    this.readEnd = released.length
    return true
  }

  /** When {@link onTimeout} is wanted, ms; Infinity: never. */
  deadline(): number {
    return Math.min(this.#rtoAt, this.#ackAt, this.#keepAt, this.#overAt)
  }

  /** Does what is due at `now`. */
  onTimeout(now: number): void {
    if (now >= this.#ackAt) {
      this.#ackAt = NEVER
      this.#ackNow = true
    }
    if (now >= this.#overAt) {
      this.#overAt = NEVER
      this.#move(TcpInput.TIME_WAIT_OVER)
      this.#die(0)
      return
    }
    if (now >= this.#rtoAt) this.#onRetransmissionTimeout(now)
    if (now >= this.#keepAt) this.#onKeepAlive(now)
  }

  /** Takes a segment: TCP header at `b[o]`, payload up to `end`. The header is whole. */
  onSegment(b: Uint8Array, o: number, end: number, now: number): void {
    const flags = b[o + 13]!
    const seq = readU32(b, o + 4) | 0
    const payload = o + tcpDataOffset(b, o)
    if (this.#state === TcpState.SYN_SENT) {
      this.#onSegmentInSynSent(b, o, flags, now)
      return
    }
    if (this.#state === TcpState.CLOSED) return
    // RFC 9293 §3.10.7.4, first check: the sequence number. What lies before the window is old, what lies behind it too new.
    const ahead = seqDiff(seq, this.#rcvNxt)
    const length = end - payload + (flags & FIN ? 1 : 0)
    const window = Math.max(seqDiff(this.#rcvEdge, this.#rcvNxt), 0)
    const acceptable = ahead <= 0 ? ahead + length > 0 || (ahead === 0 && length === 0) : ahead < window
    if (flags & RST) {
      this.#onReset(ahead, window)
      return
    }
    this.#heardAt = now
    this.#probes = 0
    if (flags & SYN) {
      // A repeated SYN is answered once more; any other SYN gets a challenge ACK (RFC 5961 §4).
      if (this.#state === TcpState.SYN_RECEIVED) this.#synPending = !this.#deferred
      else this.#ackNow = true
      return
    }
    if (!acceptable) {
      this.#ackNow = true
      if (ahead > 0 || (flags & ACK) === 0) return
      // Old data or a keep-alive probe: its ACK field may be news all the same.
    }
    if ((flags & ACK) === 0) return
    if (!this.#onAck(b, o, ahead, end > payload, now)) return
    if (acceptable && length > 0) this.#onData(b, payload, end, seq, ahead, flags, now)
  }

  /** Writes all that may be sent now. Returns false when the output refused with something left to write. */
  transmit(out: SegmentOutput, now: number): boolean {
    if (this.#rstPending) {
      if (!this.#writeControl(out, RST | ACK, this.#sndNxt)) return false
      this.#rstPending = false
    }
    if (this.#state === TcpState.CLOSED) {
      this.#ackNow = false
      return true
    }
    if (this.#synPending && !this.#writeSyn(out, now)) return false
    if (this.#state < TcpState.ESTABLISHED) return true
    if (this.#resend && !this.#writeAgain(out, now)) return false
    while (this.#canSend()) {
      const length = this.#nextDataLength()
      if (length === 0) break
      if (!this.#writeData(out, length, now)) return false
    }
    if (this.#finIsDue() && !this.#writeFin(out, now)) return false
    if (this.#probePending) {
      // One number before the next: out of the window, so it must be answered (RFC 9293 §3.8.4).
      if (!this.#writeControl(out, ACK, seqAdd(this.#sndNxt, -1))) return false
      this.#probePending = false
    }
    if (this.#ackNow && !this.#writeControl(out, ACK, this.#sndNxt)) return false
    return true
  }

  // ---- receiving

  #onSegmentInSynSent(b: Uint8Array, o: number, flags: number, now: number): void {
    const ack = readU32(b, o + 8) | 0
    const acksSyn = (flags & ACK) !== 0 && ack === seqAdd(this.#sndUna, 1) && this.#sndNxt === ack
    if (flags & RST) {
      if (acksSyn) this.#die(TcpEvent.REFUSED)
      return
    }
    if (!acksSyn || (flags & SYN) === 0) return // simultaneous open: edges never do that to each other
    this.#heardAt = now
    this.#takeSyn(b, o)
    this.#rcvEdge = seqAdd(this.#rcvNxt, Math.min(this.#options.windowBytes, 0xffff)) // as our SYN has said
    this.#sndUna = ack
    this.#synPending = false
    this.#rtoAt = NEVER
    this.#sampleRtt(now)
    this.#ackNow = true
    this.#becomeEstablished()
  }

  #takeSyn(b: Uint8Array, o: number): void {
    const { maximumSegmentSize, windowShift } = readSynOptions(b, o)
    this.#rcvNxt = seqAdd(readU32(b, o + 4), 1)
    this.#rcvEdge = this.#rcvNxt
    this.#peerMss = Math.max(Math.min(maximumSegmentSize ?? DEFAULT_PEER_MSS, this.#options.mss), 1)
    // RFC 7323 §2.2: scaling holds in both directions or in none.
    if (windowShift === undefined) this.#rcvShift = 0
    else this.#sndShift = windowShift
    this.#sndWindow = readU16(b, o + 14) // never scaled in a SYN
  }

  #becomeEstablished(): void {
    this.#move(TcpInput.SYN_ACKED)
    this.#events |= TcpEvent.CONNECTED
    if (!this.#ahead.isEmpty) this.#release() // data that came with the SYN
  }

  /** RFC 9293 §3.10.7.4 second check, with RFC 5961 §3.2: only a RST at exactly the next number is believed. */
  #onReset(ahead: number, window: number): void {
    if (ahead === 0) this.#die(this.#state === TcpState.TIME_WAIT ? 0 : TcpEvent.RESET)
    else if (ahead > 0 && ahead < window) this.#ackNow = true
  }

  /** Fifth check: the ACK field. Returns false when the segment is to be dropped. */
  #onAck(b: Uint8Array, o: number, ahead: number, hasData: boolean, now: number): boolean {
    const ack = readU32(b, o + 8) | 0
    const acked = seqDiff(ack, this.#sndUna)
    if (this.#state === TcpState.SYN_RECEIVED) {
      if (ack !== this.#sndNxt || acked !== 1) return false
      this.#sndUna = ack
      this.#rtoAt = NEVER
      this.#sampleRtt(now)
      this.#takeWindow(b, o)
      this.#becomeEstablished()
      return true
    }
    if (acked > seqDiff(this.#sndNxt, this.#sndUna)) {
      this.#ackNow = true // it acknowledges what was never sent
      return false
    }
    if (acked < 0) return true // an old segment; its data may still be wanted
    const window = this.#sndWindow
    if (ahead <= 0) this.#takeWindow(b, o)
    if (acked > 0) this.#onNewlyAcked(ack, acked, now)
    else if (!hasData && window === this.#sndWindow && this.#sndNxt !== this.#sndUna && (b[o + 13]! & FIN) === 0)
      this.#onDuplicateAck()
    // A peer that keeps its window shut is alive: only silence counts towards giving up (RFC 9293 §3.8.6.1).
    if (this.#sndWindow === 0) this.#waitingSince = now
    if (this.#sndWindow === 0 && this.#rtoAt === NEVER && this.#queue.unsent > 0) this.#rtoAt = now + this.#rto.ms
    return true
  }

  #takeWindow(b: Uint8Array, o: number): void {
    this.#sndWindow = readU16(b, o + 14) << this.#sndShift
  }

  #onNewlyAcked(ack: number, acked: number, now: number): void {
    this.#unreachable = false
    this.#duplicateAcks = 0
    if (this.#timedAt >= 0 && seqDiff(ack, this.#timedSeq) >= 0) this.#sampleRtt(now)
    const finAcked = this.#finSent && ack === this.#sndNxt
    const bytes = finAcked ? acked - 1 : acked
    if (bytes > 0) this.#queue.release(bytes)
    this.#sndUna = ack
    this.#waitingSince = now
    this.#rtoAt = ack === this.#sndNxt ? NEVER : now + this.#rto.ms
    if (this.#inRecovery) {
      if (seqDiff(ack, this.#recover) >= 0) {
        this.#inRecovery = false
        this.#resend = false
      } else this.#resend = true // a partial ACK shows the next gap
    } else this.#resend = false
    if (this.#wasFull && this.#queue.length <= this.#options.sendBufferBytes >>> 1) {
      this.#wasFull = false
      this.#events |= TcpEvent.WRITABLE
    }
    if (finAcked) this.#onFinAcked(now)
  }

  #onFinAcked(now: number): void {
    this.#move(TcpInput.FIN_ACKED)
    if (this.#state === TcpState.CLOSED) this.#die(0)
    else if (this.#state === TcpState.TIME_WAIT) this.#startTimeWait(now)
  }

  #onDuplicateAck(): void {
    if (++this.#duplicateAcks !== DUPLICATE_ACKS || this.#inRecovery) return
    this.#startRecovery()
  }

  #startRecovery(): void {
    this.#inRecovery = true
    this.#recover = this.#sndNxt
    this.#resend = true
    this.#timedAt = -1
  }

  #onData(b: Uint8Array, payload: number, end: number, seq: number, ahead: number, flags: number, now: number): void {
    if (this.#finReceived) {
      this.#ackNow = true // nothing can follow a FIN; most likely it is that FIN once more
      return
    }
    const room = Math.max(seqDiff(this.#rcvEdge, this.#rcvNxt), 0)
    const start = ahead < 0 ? payload - ahead : payload
    const stop = Math.min(end, start + Math.max(room - Math.max(ahead, 0), 0))
    const hasFin = (flags & FIN) !== 0 && stop === end
    if (stop < end) this.#ackNow = true
    if (ahead > 0) {
      this.outOfOrder++
      this.#ackNow = true // a duplicate ACK shows the sender the gap
      this.#ahead.insert(seq, b, start, stop)
      if (hasFin) this.#finAhead = seqAdd(seq, end - payload)
      return
    }
    if (stop > start) {
      this.#inPlace = true
      this.#placeBuffer = b
      this.#placeStart = start
      this.#placeEnd = stop
      this.#deliver(stop - start)
      if (!this.#ahead.isEmpty) this.#release()
    }
    if (hasFin) this.#finAhead = seqAdd(seq, end - payload)
    if (this.#finAhead !== undefined && this.#finAhead === this.#rcvNxt) this.#onFin(now)
    // Hold the ACK back for data to carry it, but not for long and not for much.
    if (this.#sinceAck >= Math.min(2 * this.#peerMss, this.#options.windowBytes >>> 2)) this.#ackNow = true
    else if (!this.#ackNow && this.#ackAt === NEVER) this.#ackAt = now + this.#options.delayedAckMs
  }

  #deliver(bytes: number): void {
    this.#rcvNxt = seqAdd(this.#rcvNxt, bytes)
    this.#unconsumed += bytes
    this.#sinceAck += bytes
  }

  /** Delivers what the closed gap has set free. */
  #release(): void {
    for (let data = this.#ahead.take(this.#rcvNxt); data !== undefined; data = this.#ahead.take(this.#rcvNxt)) {
      this.#released.push(data)
      this.#deliver(data.length)
    }
    this.#ackNow = true
  }

  #onFin(now: number): void {
    this.#finAhead = undefined
    this.#finReceived = true
    this.#rcvNxt = seqAdd(this.#rcvNxt, 1)
    this.#ackNow = true
    this.#events |= TcpEvent.END
    this.#move(TcpInput.FIN)
    if (this.#state === TcpState.TIME_WAIT) this.#startTimeWait(now)
  }

  // ---- sending

  #canSend(): boolean {
    return this.#state === TcpState.ESTABLISHED || this.#state === TcpState.CLOSE_WAIT
  }

  /** Payload bytes of the next segment, 0 when nothing may be sent. */
  #nextDataLength(): number {
    const unsent = this.#queue.unsent
    if (unsent === 0) return 0
    const inFlight = seqDiff(this.#sndNxt, this.#sndUna)
    const length = Math.min(unsent, this.#peerMss, this.#sndWindow - inFlight)
    if (length <= 0) return 0
    // Sender's silly window avoidance (RFC 9293 §3.8.6.2.1): not a crumb of the window while ACKs are on their way.
    if (length < unsent && length < this.#peerMss && inFlight > 0 && length < this.#sndWindow >>> 1) return 0
    return length
  }

  #finIsDue(): boolean {
    return this.#finQueued && !this.#finSent && this.#queue.unsent === 0 && this.#canSend()
  }

  #writeData(out: SegmentOutput, length: number, now: number): boolean {
    const at = out.reserve(TCP_HEADER_BYTES + length, false)
    if (at < 0) return false
    const last = this.#queue.unsent === length
    const fin = last && this.#finQueued
    this.#writeHeader(out.buffer, at, this.#sndNxt, TCP_HEADER_BYTES, ACK | (last ? PSH : 0) | (fin ? FIN : 0))
    this.#queue.copyUnsent(out.buffer, at + TCP_HEADER_BYTES, length)
    this.#advance(length, now)
    if (fin) this.#markFinSent()
    return true
  }

  #writeFin(out: SegmentOutput, now: number): boolean {
    const at = out.reserve(TCP_HEADER_BYTES, true)
    if (at < 0) return false
    this.#writeHeader(out.buffer, at, this.#sndNxt, TCP_HEADER_BYTES, ACK | FIN)
    this.#advance(0, now)
    this.#markFinSent()
    return true
  }

  #markFinSent(): void {
    this.#sndNxt = seqAdd(this.#sndNxt, 1)
    this.#finSent = true
    this.#move(TcpInput.FIN_SENT)
  }

  /** Counts `length` bytes as sent and sees to timer and round-trip measurement. */
  #advance(length: number, now: number): void {
    if (this.#sndNxt === this.#sndUna) this.#waitingSince = now
    this.#sndNxt = seqAdd(this.#sndNxt, length)
    if (this.#rtoAt === NEVER) this.#rtoAt = now + this.#rto.ms
    if (this.#timedAt < 0 && !this.#inRecovery && length > 0) {
      this.#timedAt = now
      this.#timedSeq = this.#sndNxt
    }
  }

  /** The first segment in flight once more. */
  #writeAgain(out: SegmentOutput, now: number): boolean {
    this.#resend = false
    const inFlight = seqDiff(this.#sndNxt, this.#sndUna)
    if (inFlight === 0) return true
    const bytes = inFlight - (this.#finSent ? 1 : 0)
    const length = Math.min(bytes, this.#peerMss)
    const fin = this.#finSent && length === bytes
    const at = out.reserve(TCP_HEADER_BYTES + length, length === 0)
    if (at < 0) {
      this.#resend = true
      return false
    }
    this.#writeHeader(out.buffer, at, this.#sndUna, TCP_HEADER_BYTES, ACK | PSH | (fin ? FIN : 0))
    this.#queue.copyFirst(out.buffer, at + TCP_HEADER_BYTES, length)
    this.#rtoAt = now + this.#rto.ms
    this.retransmits++
    return true
  }

  #writeSyn(out: SegmentOutput, now: number): boolean {
    const at = out.reserve(TCP_HEADER_BYTES + SYN_OPTIONS_BYTES, true)
    if (at < 0) return false
    this.#synPending = false
    const isAnswer = this.#state === TcpState.SYN_RECEIVED
    const window = Math.min(this.#options.windowBytes, 0xffff) // not scaled in a SYN
    writeTcpHeader(
      out.buffer,
      at,
      this.#localPort,
      this.#remotePort,
      this.#sndUna,
      isAnswer ? this.#rcvNxt : 0,
      TCP_HEADER_BYTES + SYN_OPTIONS_BYTES,
      isAnswer ? SYN | ACK : SYN,
      window,
    )
    writeSynOptions(out.buffer, at + TCP_HEADER_BYTES, this.#options.mss, this.#rcvShift)
    if (isAnswer) this.#rcvEdge = seqAdd(this.#rcvNxt, window)
    if (this.#sndNxt === this.#sndUna) {
      this.#sndNxt = seqAdd(this.#sndUna, 1)
      this.#waitingSince = now
      this.#timedAt = now
      this.#timedSeq = this.#sndNxt
    }
    this.#rtoAt = now + this.#rto.ms
    return true
  }

  #writeControl(out: SegmentOutput, flags: number, seq: number): boolean {
    const at = out.reserve(TCP_HEADER_BYTES, true)
    if (at < 0) return false
    this.#writeHeader(out.buffer, at, seq, TCP_HEADER_BYTES, flags)
    return true
  }

  /** Writes a header with the current ACK and window: any pending ACK is thereby sent. */
  #writeHeader(b: Uint8Array, at: number, seq: number, headerLength: number, flags: number): void {
    const window = Math.min(Math.max(this.#freeWindow(), seqDiff(this.#rcvEdge, this.#rcvNxt)) >>> this.#rcvShift, 0xffff)
    writeTcpHeader(b, at, this.#localPort, this.#remotePort, seq, this.#rcvNxt, headerLength, flags, window)
    const edge = seqAdd(this.#rcvNxt, window << this.#rcvShift)
    if (seqDiff(edge, this.#rcvEdge) > 0) this.#rcvEdge = edge
    this.#ackNow = false
    this.#ackAt = NEVER
    this.#sinceAck = 0
  }

  #freeWindow(): number {
    return Math.max(this.#options.windowBytes - this.#unconsumed, 0)
  }

  // ---- time

  #onRetransmissionTimeout(now: number): void {
    this.#rtoAt = NEVER
    if (this.#sndNxt === this.#sndUna) {
      this.#probeWindow(now)
      return
    }
    if (now - this.#waitingSince >= this.#options.giveUpMs) {
      this.#rstPending = this.#state > TcpState.SYN_SENT && !this.#unreachable
      this.#die(this.#state === TcpState.SYN_SENT ? TcpEvent.REFUSED | TcpEvent.TIMEOUT : TcpEvent.TIMEOUT)
      return
    }
    this.#rto.backOff()
    this.#timedAt = -1
    this.#rtoAt = now + this.#rto.ms
    if (this.#state < TcpState.ESTABLISHED) this.#synPending = true
    else this.#startRecovery()
  }

  /** Data waits before a shut window: one byte beyond it asks whether it is still shut (RFC 9293 §3.8.6.1). */
  #probeWindow(now: number): void {
    if (this.#queue.unsent === 0 || this.#sndWindow > 0) return
    this.#sndWindow = 1
    this.#waitingSince = now
  }

  #startKeepAlive(now: number): void {
    this.#heardAt = now
    this.#keepAt = now + this.#options.keepAliveMs
  }

  #onKeepAlive(now: number): void {
    const { keepAliveMs, keepAliveIntervalMs, keepAliveProbes } = this.#options
    const quietUntil = this.#heardAt + keepAliveMs
    // While data is in flight the retransmission timer watches over the peer.
    if (now < quietUntil || this.#sndNxt !== this.#sndUna || this.#state < TcpState.ESTABLISHED) {
      this.#keepAt = Math.max(quietUntil, now + keepAliveIntervalMs)
      return
    }
    if (this.#probes >= keepAliveProbes) {
      this.#rstPending = true
      this.#die(TcpEvent.TIMEOUT)
      return
    }
    this.#probes++
    this.#probePending = true
    this.#keepAt = now + keepAliveIntervalMs
  }

  #startTimeWait(now: number): void {
    this.#rtoAt = NEVER
    this.#keepAt = NEVER
    this.#overAt = now + this.#options.timeWaitMs
  }

  #sampleRtt(now: number): void {
    if (this.#timedAt >= 0) this.#rto.sample(now - this.#timedAt)
    this.#timedAt = -1
  }

  // ---- state

  #move(input: TcpInput): void {
    const next = TRANSITIONS[this.#state]![input]!
    assert(next !== NO_TRANSITION, `TCP input ${input} in state ${this.#state}`)
    this.#state = next as TcpState
  }

  /** Nothing more happens here but, perhaps, one RST. */
  #die(events: number): void {
    this.#move(TcpInput.ABORT)
    this.#events |= events | TcpEvent.CLOSED
    this.#queue.clear()
    this.#ahead.clear()
    this.#synPending = false
    this.#resend = false
    this.#probePending = false
    this.#ackNow = false
    this.#finQueued = false
    this.#finAhead = undefined
    this.#rtoAt = NEVER
    this.#ackAt = NEVER
    this.#keepAt = NEVER
    this.#overAt = NEVER
  }
}

const NOTHING = new Uint8Array(0)
