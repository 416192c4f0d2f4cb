import { strict as assert } from 'node:assert'
import type { TcpOptions } from './options.js'
import { Reassembly } from './reassembly.js'
import { ReceivedBlocks } from './received-blocks.js'
import { seqAdd, seqDiff } from './sequence.js'

const NEVER = Number.POSITIVE_INFINITY
const NOTHING = new Uint8Array(0)

/**
 * Receiving half of an endpoint: orders payload, delivers it, maintains the window, and decides
 * when an ACK is due. It does not handle the state of the connection.
 */
export class Receiver {
  readonly #options: TcpOptions
  /** RCV.NXT: number of the next byte in order. */
  next = 0
  /** Right edge of the window that was announced to the peer. It never moves back. */
  #edge = 0
  /** Largest window that was announced to the peer. A SYN can announce at most 64 KiB. */
  #largestAnnounced = 0
  #shift = 0
  /** Bytes delivered and not consumed. */
  #unconsumed = 0
  /** Smallest step by which the window opens, bytes (RFC 9293 §3.8.6.2.2). */
  readonly #windowStep: number
  readonly #ahead = new Reassembly()
  /** Blocks of our SACK options; undefined until there is something to report, or without SACK. */
  #blocks: ReceivedBlocks | undefined
  #usesSack = false
  /** Sequence number of a FIN that arrived ahead of a gap. */
  #finAhead: number | undefined
  /** True once the peer's FIN has been reached: {@link next} lies behind it. */
  finReached = false

  /** True while an ACK is to be sent at once. */
  ackNow = false
  /** Time at which a delayed ACK must be sent, ms. */
  ackAt = NEVER
  #sinceAck = 0
  /** Largest segment that the peer sends, bytes: ours, or less if it has announced less. */
  #segmentBytes: number

  // Bytes delivered and not read: the last segment in place, and the segments that it has released.
  #inPlace = false
  #placeBuffer: Uint8Array = NOTHING
  #placeStart = 0
  #placeEnd = 0
  readonly #released: Uint8Array[] = []
  #nextReleased = 0
  readBuffer: Uint8Array = NOTHING
  readStart = 0
  readEnd = 0

  /** Segments that arrived ahead of a gap. */
  outOfOrder = 0

  constructor(options: TcpOptions) {
    this.#options = options
    this.#segmentBytes = options.mss
    this.#windowStep = Math.min(options.windowBytes >>> 2, options.mss)
    while (options.windowBytes >>> this.#shift > 0xffff) this.#shift++
  }

  /** Shift that we offer in the window scale option (RFC 7323 §2.2). */
  get shift(): number {
    return this.#shift
  }

  /** Bytes that wait behind a gap. */
  get reassemblyBytes(): number {
    return this.#ahead.bytes
  }

  /** Bytes that the peer may send beyond {@link next}, as it knows; at least 0. */
  get window(): number {
    return seqDiff(this.#edge, this.next)
  }

  get hasRead(): boolean {
    return this.#inPlace || this.#nextReleased < this.#released.length
  }

  /**
   * Starts behind the peer's SYN. Windows are scaled in both directions or in none (RFC 7323 §2.2).
   */
  open(synSequence: number, isScaled: boolean, usesSack: boolean, segmentBytes: number): void {
    this.#segmentBytes = segmentBytes
    this.#usesSack = usesSack
    this.next = seqAdd(synSequence, 1)
    this.#edge = this.next
    if (!isScaled) this.#shift = 0
  }

  /**
   * Keeps data that came with the SYN. {@link release} delivers it once the connection is
   * established.
   */
  keepEarlyData(b: Uint8Array, start: number, end: number): void {
    this.#ahead.insert(this.next, b, start, Math.min(end, start + this.#options.windowBytes))
  }

  /** Window field of a SYN, which is never scaled. */
  synWindow(): number {
    const window = Math.min(this.#options.windowBytes, 0xffff)
    this.#announce(window)
    return window
  }

  /** Window field of the segment that is written now. That segment also carries any pending ACK. */
  windowField(): number {
    const announced = seqDiff(this.#edge, this.next)
    const free = this.#options.windowBytes - this.#unconsumed
    const window = free - announced >= this.#windowStep ? free : announced
    const field = Math.min(window >>> this.#shift, 0xffff)
    this.#announce(field << this.#shift)
    // A SACK option is carried by a segment without data, which follows.
    this.ackNow = this.ackNow && this.#blocks?.hasNews === true
    this.ackAt = NEVER
    this.#sinceAck = 0
    return field
  }

  /** True if an ACK without data has a SACK option. */
  get hasSackNews(): boolean {
    return this.#blocks?.hasNews === true
  }

  /** Returns the edges of the blocks of a SACK option. To be called while {@link hasSackNews}. */
  sackEdges(): readonly number[] {
    return this.#blocks?.edges() ?? []
  }

  /** Records that the pending ACK is sent with its SACK option. */
  sackWasSent(): void {
    this.#blocks?.wereSent()
    this.ackNow = false
  }

  /** Records a segment of `length` bytes, `ahead` from {@link next}, that was received before. */
  duplicateArrived(ahead: number, length: number): void {
    if (this.#usesSack) this.#theBlocks().arrivedAgain(seqAdd(this.next, ahead), length)
  }

  #theBlocks(): ReceivedBlocks {
    this.#blocks ??= new ReceivedBlocks(this.#ahead)
    return this.#blocks
  }

  #announce(window: number): void {
    const edge = seqAdd(this.next, window)
    if (seqDiff(edge, this.#edge) > 0) this.#edge = edge
    if (window > this.#largestAnnounced) this.#largestAnnounced = window
  }

  /**
   * Counts `bytes` as consumed by the application. If the window has opened by a step and the peer
   * may need it, an ACK announces it.
   */
  consumed(bytes: number): void {
    this.#unconsumed -= bytes
    assert(this.#unconsumed >= 0, 'more consumed than delivered')
    if (this.finReached) return
    const announced = seqDiff(this.#edge, this.next)
    const opened = this.#options.windowBytes - this.#unconsumed - announced
    // A sender withholds less than half the window (RFC 9293 §3.8.6.2.1): down to there no update
    // is needed.
    if (announced < this.#largestAnnounced >>> 1 && opened >= this.#windowStep) this.ackNow = true
  }

  /**
   * Processes payload `b[payload, end)` that lies `ahead` bytes from {@link next} and at least
   * partly within the window.
   * @returns true if the peer's FIN has been reached
   */
  take(b: Uint8Array, payload: number, end: number, ahead: number, hasFin: boolean, now: number): boolean {
    assert(!this.#inPlace, 'a segment came in before the last one was read')
    const start = ahead < 0 ? payload - ahead : payload
    const room = this.window - Math.max(ahead, 0)
    const stop = end - start > room ? start + room : end
    if (hasFin && stop === end) this.#finAhead = seqAdd(this.next, ahead + end - payload)
    if (ahead > 0) {
      this.outOfOrder++
      this.#keepAhead(ahead, b, start, stop)
      this.ackNow = true // a duplicate ACK shows the sender the gap (RFC 5681 §4.2)
      return false
    }
    if (stop > start) {
      this.#inPlace = true
      this.#placeBuffer = b
      this.#placeStart = start
      this.#placeEnd = stop
      this.#deliver(stop - start)
      if (!this.#ahead.isEmpty) {
        this.release()
        this.ackNow = true // all or part of a gap is closed (RFC 5681 §4.2)
      }
    }
    if (stop < end) this.ackNow = true
    if (this.#finAhead !== undefined && this.#finAhead === this.next) {
      this.#finAhead = undefined
      this.next = seqAdd(this.next, 1)
      this.finReached = true
      this.ackNow = true
      return true
    }
    // RFC 9293 §3.8.6.3: delay the ACK so that data may carry it, for a limited time and a limited
    // amount.
    if (this.#sinceAck >= 2 * this.#segmentBytes || this.#sinceAck >= this.#options.windowBytes >>> 2)
      this.ackNow = true
    else if (!this.ackNow && this.ackAt === NEVER) this.ackAt = now + this.#options.delayedAckMs
    return false
  }

  #keepAhead(ahead: number, b: Uint8Array, start: number, stop: number): void {
    const seq = seqAdd(this.next, ahead)
    const before = this.#ahead.bytes
    this.#ahead.insert(seq, b, start, stop)
    if (!this.#usesSack || stop === start) return
    if (this.#ahead.bytes > before) this.#theBlocks().arrived(seq)
    else if (this.#ahead.runOf(seq) !== undefined) this.#theBlocks().arrivedAgain(seq, stop - start)
  }

  /** Delivers the held bytes that follow {@link next} without a gap. */
  release(): void {
    for (let data = this.#ahead.take(this.next); data !== undefined; data = this.#ahead.take(this.next)) {
      this.#released.push(data)
      this.#deliver(data.length)
      this.ackNow = true
    }
  }

  #deliver(bytes: number): void {
    this.next = seqAdd(this.next, bytes)
    this.#unconsumed += bytes
    this.#sinceAck += bytes
  }

  /**
   * Moves on to the next delivered bytes, `readBuffer[readStart, readEnd)`. Returns false if there
   * are none.
   */
  nextRead(): boolean {
    if (this.#inPlace) {
      this.#inPlace = false
      this.readBuffer = this.#placeBuffer
      this.readStart = this.#placeStart
      this.readEnd = this.#placeEnd
      return true
    }
    if (this.#nextReleased < this.#released.length) {
      this.readBuffer = this.#released[this.#nextReleased++]!
      this.readStart = 0
      this.readEnd = this.readBuffer.length
      return true
    }
    if (this.#nextReleased > 0) {
      this.#released.length = 0
      this.#nextReleased = 0
    }
    // References to chunks that were read are dropped, so that the chunks can be collected.
    this.readBuffer = NOTHING
    this.#placeBuffer = NOTHING
    this.readStart = 0
    this.readEnd = 0
    return false
  }

  /** Drops everything except the bytes that can still be read. */
  stop(): void {
    this.#ahead.clear()
    this.#blocks = undefined
    this.#finAhead = undefined
    this.ackNow = false
    this.ackAt = NEVER
  }
}
