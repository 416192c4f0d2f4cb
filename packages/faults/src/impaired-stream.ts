/** Payload of a full segment, bytes: an Ethernet packet without IPv4 and TCP headers. */
const SEGMENT_BYTES = 1_460
/** IPv4 and TCP headers, bytes. */
const HEADERS_BYTES = 40
/** Retransmission timeout of the first segment of a connection, ms (RFC 6298 §2.1). */
const FIRST_RTO_MS = 1_000
/** Least spread in a timeout, ms: Linux's TCP_RTO_MIN. */
const RTO_SPREAD_MIN_MS = 200
/** Longest timeout, ms: Linux's TCP_RTO_MAX. */
const RTO_MAX_MS = 120_000
/** Segments that arrive behind a gap before its first one is repeated (RFC 5681 §3.2). */
const DUPLICATE_THRESHOLD = 3
/** Repetitions after which a connection has failed: Linux's tcp_retries2 and tcp_syn_retries. */
const RETRIES_MAX = 15
const OPEN_RETRIES_MAX = 6

/** Part of a stream: bytes, or the handshake that opens it, or its end. */
export type StreamItem = Uint8Array | 'open' | 'end'

/** Segment under way. Each repetition is one of its own. */
export interface StreamSegment {
  readonly index: number
  readonly item: StreamItem
  readonly sentAt: number
}

interface Outstanding {
  readonly index: number
  readonly item: StreamItem
  retries: number
  hasArrived: boolean
}

/**
 * One direction of a TCP connection over a link with faults. What is written arrives completely
 * and in order, later: a segment that the link drops is repeated after a timeout that doubles (RFC
 * 6298), or when three segments have arrived behind it (RFC 5681). A black hole holds all bytes;
 * after it they arrive with the next repetition, or the connection has failed meanwhile.
 *
 * Acknowledgements arrive at once and are never dropped, and there is no congestion window:
 * messages of routing protocols are short. Sans-IO: the owner passes segments that the link
 * delivers to {@link receive}, and calls {@link onTimeout} at {@link deadline}.
 *
 * @example
 * const stream = new ImpairedStream((segment, bytes, now) => link.impair(segment, bytes, now))
 * stream.write(bytes, now)
 * stream.receive(delivered, now)
 * for (let item = stream.take(); item !== undefined; item = stream.take()) pass(item)
 */
export class ImpairedStream {
  readonly #send: (segment: StreamSegment, bytes: number, now: number) => void
  /** Segments from the first that has not arrived in order. */
  #outstanding: Outstanding[] = []
  #nextIndex = 0
  readonly #arrived: StreamItem[] = []
  #queuedBytes = 0
  /** undefined: no segment has been timed. */
  #smoothedMs: number | undefined
  #variationMs = 0
  #timeouts = 0
  #timeoutAt = Number.POSITIVE_INFINITY
  #arrivalsBehindGap = 0
  /** End of a recovery: while the first index is below it, each first one is repeated at once. */
  #recoverBelow = 0
  #hasFailed = false
  /** Number of segments that were sent again. */
  retransmissions = 0

  /**
   * @param send puts a segment on the link
   */
  constructor(send: (segment: StreamSegment, bytes: number, now: number) => void) {
    this.#send = send
  }

  /** True if all that was written has been taken. */
  get isEmpty(): boolean {
    return this.#outstanding.length === 0 && this.#arrived.length === 0
  }

  /** Number of bytes that were written and have not arrived in order. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** True if a segment was repeated so often that a TCP gives the connection up. */
  get hasFailed(): boolean {
    return this.#hasFailed
  }

  /** Writes bytes, which must not change any more, or opens or ends the stream. @param now ms */
  write(item: StreamItem, now: number): void {
    if (typeof item === 'string') this.#transmit(item, now)
    else for (let o = 0; o < item.length; o += SEGMENT_BYTES) this.#transmit(item.subarray(o, o + SEGMENT_BYTES), now)
  }

  /** Handles a segment that the link has delivered. Copies of it have no effect. @param now ms */
  receive({ index, sentAt }: StreamSegment, now: number): void {
    const first = this.#outstanding[0]?.index ?? this.#nextIndex
    const segment = this.#outstanding[index - first]
    if (segment === undefined || segment.hasArrived) return
    segment.hasArrived = true
    // Repetitions are timed, too, as with timestamps (RFC 7323 §4).
    this.#sample(now - sentAt)
    if (index === first) this.#advance(now)
    else if (++this.#arrivalsBehindGap === DUPLICATE_THRESHOLD && first >= this.#recoverBelow) this.#repeatFirst(now)
  }

  /** Removes and returns the next item that has arrived in order; undefined if there is none. */
  take(): StreamItem | undefined {
    return this.#arrived.shift()
  }

  /** Returns the time of the next {@link onTimeout}, ms; Infinity: none. */
  deadline(): number {
    return this.#timeoutAt
  }

  /** Repeats the first segment that has not arrived, if its timeout has ended. @param now ms */
  onTimeout(now: number): void {
    if (now < this.#timeoutAt) return
    this.#timeouts++
    this.#repeatFirst(now)
  }

  #transmit(item: StreamItem, now: number): void {
    const segment = { index: this.#nextIndex++, item, retries: 0, hasArrived: false }
    this.#outstanding.push(segment)
    this.#queuedBytes += sizeOf(item)
    if (this.#timeoutAt === Number.POSITIVE_INFINITY && !this.#hasFailed) this.#startTimer(now)
    this.#put(segment, now)
  }

  #repeatFirst(now: number): void {
    const first = this.#outstanding[0]
    if (first === undefined) return
    if (first.retries >= (first.item === 'open' ? OPEN_RETRIES_MAX : RETRIES_MAX)) {
      this.#hasFailed = true
      this.#timeoutAt = Number.POSITIVE_INFINITY
      return
    }
    first.retries++
    this.retransmissions++
    if (first.index >= this.#recoverBelow) this.#recoverBelow = this.#nextIndex
    this.#startTimer(now)
    this.#put(first, now)
  }

  #put({ index, item }: Outstanding, now: number): void {
    this.#send({ index, item, sentAt: now }, sizeOf(item) + HEADERS_BYTES, now)
  }

  /** Passes on what is in order now. The acknowledgement of it restarts the timer (RFC 6298 §5). */
  #advance(now: number): void {
    const gap = this.#outstanding.findIndex(({ hasArrived }) => !hasArrived)
    const inOrder = this.#outstanding.splice(0, gap === -1 ? this.#outstanding.length : gap)
    for (const { item } of inOrder) {
      this.#arrived.push(item)
      this.#queuedBytes -= sizeOf(item)
    }
    this.#timeouts = 0
    this.#arrivalsBehindGap = 0
    this.#timeoutAt = Number.POSITIVE_INFINITY
    const first = this.#outstanding[0]
    if (first === undefined) return
    this.#startTimer(now)
    // RFC 6582 §3.2, step 3: a partial acknowledgement.
    if (first.index < this.#recoverBelow && first.retries === 0) this.#repeatFirst(now)
  }

  #startTimer(now: number): void {
    const isOpening = this.#outstanding[0]?.item === 'open'
    const spreadMs = Math.max(RTO_SPREAD_MIN_MS, 4 * this.#variationMs)
    const rto = isOpening ? FIRST_RTO_MS : (this.#smoothedMs ?? 0) + spreadMs
    this.#timeoutAt = now + Math.min(rto * 2 ** this.#timeouts, RTO_MAX_MS)
  }

  /** RFC 6298 §2.2 and §2.3. */
  #sample(ms: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = ms
      this.#variationMs = ms / 2
      return
    }
    this.#variationMs = 0.75 * this.#variationMs + 0.25 * Math.abs(this.#smoothedMs - ms)
    this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * ms
  }
}

function sizeOf(item: StreamItem): number {
  return typeof item === 'string' ? 0 : item.length
}
