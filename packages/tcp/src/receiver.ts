import { strict as assert } from 'node:assert'
import type { TcpOptions } from './options.js'
import { Reassembly } from './reassembly.js'
import { seqAdd, seqDiff } from './sequence.js'

const NEVER = Number.POSITIVE_INFINITY
const NOTHING = new Uint8Array(0)

/**
 * The receiving half of an endpoint: puts payload in order, hands it on, keeps the window, and decides when an ACK is
 * due. It answers for the data, not for the state of the connection.
 */
export class Receiver {
  readonly #options: TcpOptions
  /** RCV.NXT: number of the next byte in order. */
  next = 0
  /** Right edge of the window that the peer has been told; it never moves back. */
  #edge = 0
  /** The largest window that the peer has been told; in a SYN it can't be told more than 64 KiB. */
  #largestTold = 0
  #shift = 0
  /** Delivered and not consumed. */
  #unconsumed = 0
  /** The window opens in steps of at least this (RFC 9293 §3.8.6.2.2). */
  readonly #windowStep: number
  readonly #ahead = new Reassembly()
  /** Number of a FIN that arrived ahead of a gap. */
  #finAhead: number | undefined
  /** The peer's FIN has been reached: {@link next} lies behind it. */
  finReached = false

  /** An ACK is to be sent at once. */
  ackNow = false
  /** When an ACK that is held back must go, ms. */
  ackAt = NEVER
  #sinceAck = 0

  // What has been delivered and not read: the segment just taken, where it lies, and what it has set free.
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
    this.#windowStep = Math.min(options.windowBytes >>> 2, options.mss)
    while (options.windowBytes >>> this.#shift > 0xffff) this.#shift++
  }

  /** What we offer for the window scale option (RFC 7323 §2.2). */
  get shift(): number {
    return this.#shift
  }

  /** Bytes that wait behind a gap. */
  get reassemblyBytes(): number {
    return this.#ahead.bytes
  }

  /** What the peer may send beyond {@link next}, as far as it knows; at least 0. */
  get window(): number {
    return seqDiff(this.#edge, this.next)
  }

  get hasRead(): boolean {
    return this.#inPlace || this.#nextReleased < this.#released.length
  }

  /** Starts behind the peer's SYN. Scaling holds in both directions or in none (RFC 7323 §2.2). */
  open(synSequence: number, isScaled: boolean): void {
    this.next = seqAdd(synSequence, 1)
    this.#edge = this.next
    if (!isScaled) this.#shift = 0
  }

  /** Keeps data that came with the SYN; it is delivered by {@link release} once the connection is established. */
  holdBack(b: Uint8Array, start: number, end: number): void {
    this.#ahead.insert(this.next, b, start, Math.min(end, start + this.#options.windowBytes))
  }

  /** The window field of a SYN, which is never scaled. */
  synWindow(): number {
    const window = Math.min(this.#options.windowBytes, 0xffff)
    this.#tell(window)
    return window
  }

  /** The window field for the segment that is written now; that segment also carries any ACK that is due. */
  windowField(): number {
    const told = seqDiff(this.#edge, this.next)
    const free = this.#options.windowBytes - this.#unconsumed
    const window = free - told >= this.#windowStep ? free : told
    const field = Math.min(window >>> this.#shift, 0xffff)
    this.#tell(field << this.#shift)
    this.ackNow = false
    this.ackAt = NEVER
    this.#sinceAck = 0
    return field
  }

  #tell(window: number): void {
    const edge = seqAdd(this.next, window)
    if (seqDiff(edge, this.#edge) > 0) this.#edge = edge
    if (window > this.#largestTold) this.#largestTold = window
  }

  /** The application has taken `bytes`: the peer is told when the window has opened by a step and it may run short. */
  consumed(bytes: number): void {
    this.#unconsumed -= bytes
    assert(this.#unconsumed >= 0, 'more consumed than delivered')
    if (this.finReached) return
    const told = seqDiff(this.#edge, this.next)
    const opened = this.#options.windowBytes - this.#unconsumed - told
    // A sender withholds less than half the window (RFC 9293 §3.8.6.2.1): down to there it needs no update.
    if (told < this.#largestTold >>> 1 && opened >= this.#windowStep) this.ackNow = true
  }

  /**
   * Takes payload `b[payload, end)` that lies `ahead` bytes from {@link next} and at least partly within the window.
   * @returns whether this has brought us to the peer's FIN
   */
  take(b: Uint8Array, payload: number, end: number, ahead: number, hasFin: boolean, now: number): boolean {
    assert(!this.#inPlace, 'a segment came in before the last one was read')
    const start = ahead < 0 ? payload - ahead : payload
    const room = this.window - Math.max(ahead, 0)
    const stop = end - start > room ? start + room : end
    if (hasFin && stop === end) this.#finAhead = seqAdd(this.next, ahead + end - payload)
    if (ahead > 0) {
      this.outOfOrder++
      this.#ahead.insert(seqAdd(this.next, ahead), b, start, stop)
      this.ackNow = true // a duplicate ACK shows the sender the gap (RFC 5681 §4.2)
      return false
    }
    if (stop > start) {
      this.#inPlace = true
      this.#placeBuffer = b
      this.#placeStart = start
      this.#placeEnd = stop
      this.#deliver(stop - start)
      if (!this.#ahead.isEmpty) this.release()
    }
    if (stop < end) this.ackNow = true
    if (this.#finAhead !== undefined && this.#finAhead === this.next) {
      this.#finAhead = undefined
      this.next = seqAdd(this.next, 1)
      this.finReached = true
      this.ackNow = true
      return true
    }
    // RFC 9293 §3.8.6.3: hold the ACK back for data to carry it, but not for long and not for much.
    if (this.#sinceAck >= 2 * this.#options.mss || this.#sinceAck >= this.#options.windowBytes >>> 2) this.ackNow = true
    else if (!this.ackNow && this.ackAt === NEVER) this.ackAt = now + this.#options.delayedAckMs
    return false
  }

  /** Delivers what is held and follows on {@link next} without a gap. */
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

  /** Moves on to the next delivered bytes, `readBuffer[readStart, readEnd)`. Returns false when there are none. */
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
    // Chunks that were read from must not live on here.
    this.readBuffer = NOTHING
    this.#placeBuffer = NOTHING
    this.readStart = 0
    this.readEnd = 0
    return false
  }

  /** Forgets all but what can be read. */
  stop(): void {
    this.#ahead.clear()
    this.#finAhead = undefined
    this.ackNow = false
    this.ackAt = NEVER
  }
}
