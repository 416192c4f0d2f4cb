import { readSackBlocks } from '@fivetuple/packet'
import { seqDiff } from './sequence.js'

/** Blocks of a SACK option that was received (RFC 2018 §4), and its D-SACK apart. */
export class SackBlocks {
  readonly #edges: number[] = []
  #first = 0
  #blocks = 0
  /** True until the ACK of the same segment has been processed. */
  isFresh = false
  /** True if the first block reports a duplicate (RFC 2883 §4). */
  hasDuplicate = false
  duplicateStart = 0
  duplicateEnd = 0

  /** Number of blocks that acknowledge. */
  get count(): number {
    return this.#blocks - this.#first
  }

  start(i: number): number {
    return this.#edges[2 * (this.#first + i)]!
  }

  end(i: number): number {
    return this.#edges[2 * (this.#first + i) + 1]!
  }

  /** True if a block lies within what is in flight. Others no receiver can have sent. */
  isWithin(i: number, una: number, next: number): boolean {
    const start = this.start(i)
    const end = this.end(i)
    return seqDiff(start, una) >= 0 && seqDiff(end, next) <= 0 && seqDiff(end, start) > 0
  }

  /**
   * Reads the option of the segment whose TCP header is at `b[o]`.
   * @param ack its ACK number
   * @returns true if it has an option
   */
  read(b: Uint8Array, o: number, ack: number): boolean {
    const edges = this.#edges
    this.#blocks = readSackBlocks(b, o, edges)
    this.#first = 0
    this.hasDuplicate = false
    this.isFresh = this.#blocks > 0
    if (!this.isFresh || !isDuplicate(edges, this.#blocks, ack)) return this.isFresh
    this.#first = 1
    this.duplicateStart = edges[0]!
    this.duplicateEnd = edges[1]!
    this.hasDuplicate = seqDiff(this.duplicateEnd, this.duplicateStart) > 0
    return true
  }
}

/** RFC 2883 §4: below the ACK number, or within the second block. */
function isDuplicate(edges: readonly number[], blocks: number, ack: number): boolean {
  if (seqDiff(edges[1]!, ack) <= 0) return true
  return blocks > 1 && seqDiff(edges[0]!, edges[2]!) >= 0 && seqDiff(edges[1]!, edges[3]!) <= 0
}
