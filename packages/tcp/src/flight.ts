import { seqAdd, seqDiff } from './sequence.js'

/** Recipient of each segment that {@link Flight} finds delivered. */
export interface DeliveryObserver {
  segmentDelivered(sentAt: number, end: number, isRetransmitted: boolean, now: number): void
}

/** Marks of a segment in flight. */
export const FlightMark = {
  /** The peer holds it behind a gap. */
  SACKED: 1,
  /** Counts as lost and has not been retransmitted since. */
  LOST: 2,
  /** Retransmitted at least once. */
  RETRANSMITTED: 4,
} as const

const { SACKED, LOST, RETRANSMITTED } = FlightMark

/**
 * Number of segments beyond which small ones that follow each other count as one, so that tiny
 * writes can't exhaust memory.
 */
const SEPARATE_MAX = 1_024
/** Smallest number of passed slots that are removed from the front, if they are half of all. */
const COMPACT_AT = 64
/**
 * Distance of two transmissions of the same moment, ms. Thereby the order of transmission is that
 * of the times, also for a retransmission behind new data.
 */
const APART_MS = 1e-6

/**
 * Segments in flight: the scoreboard of RFC 6675 with the send times of RFC 8985 §6. SYN and FIN
 * count as the numbers they take. No allocation per segment.
 */
export class Flight {
  /** SND.UNA: oldest number without an ACK. */
  una: number
  /** SND.NXT: number of the next new byte. */
  next: number
  // One slot per segment, from #head to #tail: number behind its last byte, time of its last
  // transmission (ms), marks. A segment starts where the one before it ends, the first at `una`.
  readonly #ends: number[] = []
  readonly #sentAt: number[] = []
  /** In use from the first mark on, until nothing is in flight. */
  readonly #marks: number[] = []
  #hasMarks = false
  #head = 0
  #tail = 0
  /** Bytes that are SACKED. */
  sacked = 0
  /** Bytes that are LOST. */
  lost = 0
  /** Time of the latest transmission, ms. */
  latestAt = Number.NEGATIVE_INFINITY
  /** No slot before this one is LOST. */
  #lostFrom = 0

  constructor(iss: number) {
    this.una = iss | 0
    this.next = iss | 0
  }

  /** Bytes between SND.UNA and SND.NXT. */
  get bytes(): number {
    return seqDiff(this.next, this.una)
  }

  /** Bytes that are believed to be in the network (RFC 6675 §2, "pipe"). */
  get pipe(): number {
    return seqDiff(this.next, this.una) - this.sacked - this.lost
  }

  /** Index of the first segment; equal to {@link end} if there is none. */
  get start(): number {
    return this.#head
  }

  /** Index behind the last segment. */
  get end(): number {
    return this.#tail
  }

  startOf(i: number): number {
    return i === this.#head ? this.una : this.#ends[i - 1]!
  }

  endOf(i: number): number {
    return this.#ends[i]!
  }

  /** Time of the last transmission of a segment, ms. No two are equal. */
  sentAt(i: number): number {
    return this.#sentAt[i]!
  }

  /** Marks of a segment: bits of {@link FlightMark}. */
  marks(i: number): number {
    return this.#hasMarks ? this.#marks[i]! : 0
  }

  lengthOf(i: number): number {
    return seqDiff(this.#ends[i]!, this.startOf(i))
  }

  /** Counts the next `bytes` numbers as sent in one segment of at most `mss`. */
  send(bytes: number, mss: number, now: number): void {
    this.next = seqAdd(this.next, bytes)
    const last = this.#tail - 1
    if (this.#tail - this.#head >= SEPARATE_MAX && this.marks(last) === 0 && this.lengthOf(last) + bytes <= mss) {
      this.#ends[last] = this.next
      this.#sentAt[last] = this.#timeOf(now)
      return
    }
    const i = this.#tail++
    this.#ends[i] = this.next
    this.#sentAt[i] = this.#timeOf(now)
    if (this.#hasMarks) this.#marks[i] = 0
  }

  /** Counts the segments from `i` up to `to` as retransmitted. */
  retransmit(i: number, to: number, now: number): void {
    const sentAt = this.#timeOf(now)
    this.#useMarks()
    for (let k = i; k < to; k++) {
      if (this.#marks[k]! & LOST) this.lost -= this.lengthOf(k)
      this.#marks[k] = (this.#marks[k]! & ~LOST) | RETRANSMITTED
      this.#sentAt[k] = sentAt
    }
  }

  /**
   * Moves SND.UNA up to `to`, which is not beyond SND.NXT.
   * @param observer is informed of each segment that was delivered
   * @returns time at which the latest of the segments that were sent once, and are delivered now,
   * was sent, ms; -1: none. Its round trip can be measured (Karn's algorithm, RFC 6298 §3).
   */
  acknowledge(to: number, observer: DeliveryObserver | undefined, now: number): number {
    if (!this.#hasMarks && to === this.next && observer === undefined && this.#tail > this.#head) {
      const sentAt = this.#sentAt[this.#tail - 1]!
      this.una = to
      this.#rewind()
      return sentAt
    }
    let timedAt = -1
    let i = this.#head
    for (; i < this.#tail; i++) {
      const end = this.#ends[i]!
      if (seqDiff(end, to) > 0) break
      const marks = this.marks(i)
      if (marks === 0) timedAt = this.#sentAt[i]!
      else this.#uncount(marks, this.lengthOf(i))
      if (observer !== undefined && (marks & SACKED) === 0)
        observer.segmentDelivered(this.#sentAt[i]!, end, (marks & RETRANSMITTED) !== 0, now)
      this.una = end
      this.#head = i + 1
    }
    if (this.una !== to) {
      if (i < this.#tail) this.#uncount(this.marks(i), seqDiff(to, this.una))
      this.una = to
    }
    if (this.#lostFrom < this.#head) this.#lostFrom = this.#head
    if (this.#head === this.#tail) this.#rewind()
    else if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#tail) this.#compact()
    return timedAt
  }

  /**
   * Marks the segments that lie within a SACK block, `from` up to `to`, as SACKED.
   * @returns as {@link acknowledge}
   */
  sack(from: number, to: number, observer: DeliveryObserver, now: number): number {
    let timedAt = -1
    this.#useMarks()
    for (let i = this.#head; i < this.#tail; i++) {
      const end = this.#ends[i]!
      if (seqDiff(end, to) > 0) break
      const marks = this.#marks[i]!
      if (marks & SACKED || seqDiff(this.startOf(i), from) < 0) continue
      if (marks === 0) timedAt = this.#sentAt[i]!
      const length = this.lengthOf(i)
      if (marks & LOST) this.lost -= length
      this.sacked += length
      this.#marks[i] = (marks & ~LOST) | SACKED
      observer.segmentDelivered(this.#sentAt[i]!, end, (marks & RETRANSMITTED) !== 0, now)
    }
    return timedAt
  }

  /** Marks a segment as LOST. It is neither SACKED nor LOST. */
  markLost(i: number): void {
    this.#useMarks()
    this.#marks[i] = this.#marks[i]! | LOST
    this.lost += this.lengthOf(i)
    if (i < this.#lostFrom) this.#lostFrom = i
  }

  /** Forgets what is SACKED: the peer may have discarded it (RFC 2018 §8). */
  forgetSacks(): void {
    this.#useMarks()
    for (let i = this.#head; i < this.#tail; i++) this.#marks[i] = this.#marks[i]! & ~SACKED
    this.sacked = 0
  }

  /** Forgets what counts as LOST: nothing was. */
  forgetLosses(): void {
    this.#useMarks()
    for (let i = this.#head; i < this.#tail; i++) this.#marks[i] = this.#marks[i]! & ~LOST
    this.lost = 0
  }

  /** Returns the index of the first LOST segment; {@link end} if there is none. */
  firstLost(): number {
    if (this.lost === 0) return this.#tail
    while (this.#lostFrom < this.#tail && (this.#marks[this.#lostFrom]! & LOST) === 0) this.#lostFrom++
    return this.#lostFrom
  }

  /** Forgets everything in flight. */
  clear(): void {
    this.sacked = 0
    this.lost = 0
    this.#rewind()
  }

  #useMarks(): void {
    if (this.#hasMarks) return
    this.#hasMarks = true
    for (let i = 0; i < this.#tail; i++) this.#marks[i] = 0
  }

  #timeOf(now: number): number {
    this.latestAt = now > this.latestAt ? now : this.latestAt + APART_MS
    return this.latestAt
  }

  #uncount(marks: number, bytes: number): void {
    if (marks & SACKED) this.sacked -= bytes
    if (marks & LOST) this.lost -= bytes
  }

  #rewind(): void {
    if (this.#tail > COMPACT_AT) {
      this.#ends.length = 0
      this.#sentAt.length = 0
      this.#marks.length = 0
    }
    this.#hasMarks = false
    this.#head = 0
    this.#tail = 0
    this.#lostFrom = 0
  }

  #compact(): void {
    for (const slots of [this.#ends, this.#sentAt, this.#marks]) {
      if (slots === this.#marks && !this.#hasMarks) continue
      slots.length = this.#tail
      slots.splice(0, this.#head)
    }
    this.#tail -= this.#head
    this.#lostFrom -= this.#head
    this.#head = 0
  }
}
