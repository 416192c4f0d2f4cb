import { strict as assert } from 'node:assert'
import { fillBuckets } from './fill-buckets.js'
import type { EcmpSelection, NextHopGroup, Selector } from './selection.js'

export interface ResilientOptions {
  /**
   * Buckets of one set of next hops, 1 to 65,535. There should be many more than next hops: shares
   * differ by one bucket.
   */
  readonly buckets: number
  /**
   * Time without a packet after which a bucket counts as idle, so that its move breaks no flow, ms.
   */
  readonly idleTimerMs: number
  /** Time without balance after which buckets move although they are in use, ms; 0: never. */
  readonly unbalancedTimerMs: number
}

/** Value in `lastUsed` of a bucket that was not used since it was assigned its next hop. */
const NEVER = -1

/**
 * Buckets that keep their next hop while they are in use, as in Linux's resilient next-hop groups.
 * If a next hop goes, its buckets are assigned to the others and no other bucket moves. A new next
 * hop gets buckets that are idle, at once or when they become idle. With an unbalanced timer it
 * gets buckets in use after that time, too.
 *
 * The control plane assigns next hops to buckets, and a selector never changes them. The data plane
 * only marks the buckets that it uses.
 */
export class Resilient implements EcmpSelection {
  readonly name = 'resilient'
  readonly #options: ResilientOptions

  constructor(options: ResilientOptions) {
    assert(options.buckets >= 1 && options.buckets <= 0xffff, `${options.buckets} buckets`)
    this.#options = options
  }

  build(nextHops: readonly number[], before?: NextHopGroup): Selector {
    const { buckets } = this.#options
    if (!(before?.selector instanceof ResilientSelector))
      return new ResilientSelector(
        fillBuckets(new Int32Array(buckets).fill(-1), nextHops.length, () => false),
        newUse(buckets),
      )
    const { table, use } = before.selector.copy()
    const moved = before.nextHops.map((port) => nextHops.indexOf(port))
    const kept = table.map((index) => moved[index]!)
    const filled = fillBuckets(
      kept,
      nextHops.length,
      (bucket) => use.marks[bucket] === 0 && use.lastUsed[bucket] === NEVER,
    )
    return new ResilientSelector(filled, usedSince(kept, filled, use))
  }

  rebalance({ nextHops, selector }: NextHopGroup, now: number): Selector {
    if (!(selector instanceof ResilientSelector)) return selector
    selector.noteMarks(now)
    if (selector.isBalanced) return selector
    const { table, use } = selector.copy()
    const { idleTimerMs, unbalancedTimerMs } = this.#options
    const isOverdue = unbalancedTimerMs > 0 && now - use.unbalancedSince! >= unbalancedTimerMs
    const filled = fillBuckets(
      table,
      nextHops.length,
      (bucket) => isOverdue || use.lastUsed[bucket] === NEVER || now - use.lastUsed[bucket]! >= idleTimerMs,
    )
    const hasMoved = filled.table.some((index, bucket) => index !== table[bucket])
    return hasMoved ? new ResilientSelector(filled, usedSince(table, filled, use)) : selector
  }

  /**
   * Next hops that stay keep all their buckets, which are in use if flows are established on them.
   * So a new next hop gets no flow at first. It gets buckets that become idle later, and with an
   * unbalanced timer also buckets in use: 1 in M at most.
   */
  keptShares(before: readonly number[], after: readonly number[]): number[] {
    return before.map((port) => (after.includes(port) ? 1 / before.length : 0))
  }
}

/** Use of each bucket since it was assigned its next hop. */
interface BucketUse {
  /** 1: used since the marks were read last. */
  readonly marks: Uint8Array
  /** Time at which a mark was last found, ms, or NEVER. */
  readonly lastUsed: Float64Array
  /** Time since which buckets wait for their move, ms; undefined: none waits. */
  unbalancedSince: number | undefined
}

class ResilientSelector implements Selector {
  readonly recordsUse = true
  /** Index of the next hop by bucket. */
  readonly #table: Int32Array
  readonly #use: BucketUse
  readonly #buckets: number
  /** True if no next hop has more buckets than its fair share, so that no move is due. */
  readonly isBalanced: boolean

  constructor({ table, isBalanced }: { readonly table: Int32Array; readonly isBalanced: boolean }, use: BucketUse) {
    this.#table = table
    this.#buckets = table.length
    this.#use = use
    this.isBalanced = isBalanced
  }
  select(hash: number): number {
    return this.#table[hash % this.#buckets]!
  }
  use(hash: number): number {
    const bucket = hash % this.#buckets
    this.#use.marks[bucket] = 1
    return this.#table[bucket]!
  }
  reason(hash: number): string {
    return `bucket ${hash % this.#buckets} of ${this.#buckets} has ${this.select(hash)}`
  }
  /**
   * Converts marks into the time of the last use. The unbalanced timer starts when this is first
   * called without balance.
   */
  noteMarks(now: number): void {
    if (!this.isBalanced) this.#use.unbalancedSince ??= now
    const { marks, lastUsed } = this.#use
    for (let bucket = 0; bucket < marks.length; bucket++) if (marks[bucket] === 1) lastUsed[bucket] = now
    marks.fill(0)
  }
  /** Returns a copy for the next selector: routes that have shared this one may diverge. */
  copy(): { readonly table: Int32Array; readonly use: BucketUse } {
    const { marks, lastUsed, unbalancedSince } = this.#use
    return { table: this.#table, use: { marks: marks.slice(), lastUsed: lastUsed.slice(), unbalancedSince } }
  }
}

function newUse(buckets: number): BucketUse {
  return { marks: new Uint8Array(buckets), lastUsed: new Float64Array(buckets).fill(NEVER), unbalancedSince: undefined }
}

/**
 * Deletes the use of buckets that have moved, and stops the unbalanced timer if there is balance.
 */
function usedSince(
  before: Int32Array,
  { table, isBalanced }: { readonly table: Int32Array; readonly isBalanced: boolean },
  use: BucketUse,
): BucketUse {
  table.forEach((index, bucket) => {
    if (index === before[bucket]) return
    use.marks[bucket] = 0
    use.lastUsed[bucket] = NEVER
  })
  if (isBalanced) use.unbalancedSince = undefined
  return use
}
