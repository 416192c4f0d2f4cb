import { SACK_BLOCKS_MAX } from '@fivetuple/packet'
import type { Reassembly } from './reassembly.js'
import { seqAdd, seqDiff } from './sequence.js'

/** Largest number of arrivals remembered: those of the blocks that an option has room for. */
const RECENT_MAX = SACK_BLOCKS_MAX

/**
 * Blocks that our SACK options report (RFC 2018 §4): the run with the latest segment first, then
 * the runs of those before it, so that each block is repeated in several ACKs. A segment that was
 * received twice is reported once, in front (RFC 2883).
 */
export class ReceivedBlocks {
  readonly #held: Reassembly
  /** First numbers of the latest arrivals in different runs, the latest first. */
  readonly #recent: number[] = []
  #hasDuplicate = false
  #duplicateStart = 0
  #duplicateEnd = 0

  constructor(held: Reassembly) {
    this.#held = held
  }

  /** True if an option has something to report. */
  get hasNews(): boolean {
    return this.#hasDuplicate || !this.#held.isEmpty
  }

  /** Records a segment that arrived ahead of a gap, and is held. */
  arrived(seq: number): void {
    const run = this.#held.runOf(seq)
    const others = this.#recent.filter((other) => !isWithin(other, run?.start, run?.end))
    this.#recent.length = 0
    this.#recent.push(seq, ...others.slice(0, RECENT_MAX - 1))
  }

  /** Records that `length` bytes from `seq` on were received again. */
  arrivedAgain(seq: number, length: number): void {
    this.#hasDuplicate = true
    this.#duplicateStart = seq
    this.#duplicateEnd = seqAdd(seq, length)
  }

  /** Returns the edges of the blocks to report; at least one block while {@link hasNews}. */
  edges(): readonly number[] {
    const edges = this.#hasDuplicate ? [this.#duplicateStart, this.#duplicateEnd] : []
    const first = edges.length
    for (const seq of this.#recent) {
      if (edges.length === 2 * SACK_BLOCKS_MAX) break
      const run = this.#held.runOf(seq)
      if (run === undefined) continue
      const isListed = edges.some((edge, i) => i >= first && (i & 1) === 0 && edge === run.start)
      if (!isListed) edges.push(run.start, run.end)
    }
    // All that arrived lately may have been delivered, while older runs still wait.
    const oldest = edges.length === first ? this.#held.firstRun : undefined
    if (oldest !== undefined) edges.push(oldest.start, oldest.end)
    return edges
  }

  /** Records that the blocks were sent: a duplicate is reported once (RFC 2883 §4). */
  wereSent(): void {
    this.#hasDuplicate = false
  }
}

function isWithin(seq: number, start: number | undefined, end: number | undefined): boolean {
  return start !== undefined && end !== undefined && seqDiff(seq, start) >= 0 && seqDiff(seq, end) < 0
}
