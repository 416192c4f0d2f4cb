import type { Prefix } from '@fivetuple/packet'
import type { RibPath } from './decision.js'
import { prefixKey } from './prefix-key.js'

/** Prefix with all paths of equal cost. */
export interface RibRoute {
  readonly prefix: Prefix
  /** At least one, ordered by the neighbours' addresses, whatever the order of arrival. */
  readonly paths: readonly RibPath[]
  /** Path that is used where only one can be. */
  readonly best: RibPath
  /** MED of the paths. */
  readonly cost: number
  /** Time at which this set of paths came into use, ms. */
  readonly since: number
}

/** Change of one prefix. `route` is undefined if no path is left. */
export interface RibChange {
  readonly prefix: Prefix
  readonly route: RibRoute | undefined
}

type Bucket = ReadonlyMap<number, RibRoute>

/**
 * Number of maps that routes are spread over, so that a change copies one of them and not the
 * table.
 */
const BUCKETS = 1024
const NO_ROUTES: Bucket = new Map()

/**
 * Loc-RIB at one moment: immutable. The next version shares with it everything that has not
 * changed.
 */
export class RibSnapshot {
  /** Empty Loc-RIB, version 0. */
  static readonly empty = new RibSnapshot(0, 0, new Array<Bucket>(BUCKETS).fill(NO_ROUTES))
  /** Version number, increased by one with each set of changes. */
  readonly version: number
  /** Number of prefixes that have a route. */
  readonly size: number
  readonly #buckets: readonly Bucket[]
  #sorted: readonly RibRoute[] | undefined

  private constructor(version: number, size: number, buckets: readonly Bucket[]) {
    this.version = version
    this.size = size
    this.#buckets = buckets
  }

  /** Returns the route of exactly this prefix. */
  get(prefix: Prefix): RibRoute | undefined {
    return this.#buckets[bucketOf(prefix)]!.get(prefixKey(prefix))
  }

  /** Returns all routes, ordered by address and then by length. Sorted at the first call. */
  routes(): readonly RibRoute[] {
    this.#sorted ??= this.#buckets
      .flatMap((bucket) => [...bucket.values()])
      .sort((a, b) => prefixKey(a.prefix) - prefixKey(b.prefix))
    return this.#sorted
  }

  /** Returns the next version, or this one if there are no changes. */
  with(changes: readonly RibChange[]): RibSnapshot {
    if (changes.length === 0) return this
    const buckets = [...this.#buckets]
    const copied = new Map<number, Map<number, RibRoute>>()
    let { size } = this
    for (const { prefix, route } of changes) {
      const index = bucketOf(prefix)
      let bucket = copied.get(index)
      if (bucket === undefined) {
        bucket = new Map(buckets[index])
        buckets[index] = bucket
        copied.set(index, bucket)
      }
      size -= bucket.size
      if (route === undefined) bucket.delete(prefixKey(prefix))
      else bucket.set(prefixKey(prefix), route)
      size += bucket.size
    }
    return new RibSnapshot(this.version + 1, size, buckets)
  }
}

/**
 * Returns the map of a prefix. Multiplicative hashing: the top ten bits of a product that depends
 * on all bits of the prefix.
 */
function bucketOf({ address, length }: Prefix): number {
  return Math.imul(address ^ (address >>> 15) ^ length, 0x9e37_79b1) >>> 22
}
