import { strict as assert } from 'node:assert'
import { fillBuckets } from './fill-buckets.js'
import type { EcmpSelection, NextHopGroup, Selector } from './selection.js'

export interface ResilientOptions {
  /**
   * Buckets of one set of next hops, 1 to 65,535. More of them than next hops, by far: shares
   * differ by one bucket.
   */
  readonly buckets: number
  /** A bucket without a packet for so long has no flow that could break, ms. */
  readonly idleTimerMs: number
  /** After which time out of balance buckets move although they are in use, ms; 0: never. */
  readonly unbalancedTimerMs: number
}

/** When the bucket was seen in use, in `lastUsed`: not since it has its next hop. */
const NEVER = -1

/**
 * Buckets that keep their next hop while they are in use, as Linux's resilient next-hop groups have
 * them. When a next hop goes, its buckets are given to the others and no other bucket moves. Who
 * comes is given buckets that are idle, at once or when they become so; with an unbalanced timer,
 * after that time those in use too.
 *
 * Which bucket has which next hop is the control plane's, fixed in each selector; the data plane
 * only marks what it uses.
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
}

/** Use of each bucket since it has its next hop. */
interface BucketUse {
  /** 1: used since the marks were looked at last. */
  readonly marks: Uint8Array
  /** When marks were last found, ms, or NEVER. */
  readonly lastUsed: Float64Array
  /** When buckets first had to wait for their move; undefined: none waits. */
  unbalancedSince: number | undefined
}

class ResilientSelector implements Selector {
  readonly recordsUse = true
  /** Index of the next hop by bucket. */
  readonly #table: Int32Array
  readonly #use: BucketUse
  readonly #buckets: number
  /** Nobody has more buckets than a fair share: nothing waits to be moved. */
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
   * Turns marks into the time of the last use. The unbalanced timer starts when this is first
   * called out of balance.
   */
  noteMarks(now: number): void {
    if (!this.isBalanced) this.#use.unbalancedSince ??= now
    const { marks, lastUsed } = this.#use
    for (let bucket = 0; bucket < marks.length; bucket++) if (marks[bucket] === 1) lastUsed[bucket] = now
    marks.fill(0)
  }
  /** For the next selector: routes that have shared this one go their own ways. */
  copy(): { readonly table: Int32Array; readonly use: BucketUse } {
    const { marks, lastUsed, unbalancedSince } = this.#use
    return { table: this.#table, use: { marks: marks.slice(), lastUsed: lastUsed.slice(), unbalancedSince } }
  }
}

function newUse(buckets: number): BucketUse {
  return { marks: new Uint8Array(buckets), lastUsed: new Float64Array(buckets).fill(NEVER), unbalancedSince: undefined }
}

/**
 * Forgets the use of buckets that have moved, and since when there was no balance once there is.
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
