import { buildMaglevTable, MAGLEV_SLOTS, murmur3 } from '@fivetuple/packet'
import type { EcmpSelection, Selector } from './selection.js'

/** Seeds that make two hashes of one next hop. */
const OFFSET_SEED = 1
const SKIP_SEED = 2
/**
 * Tables kept: many routes share few sets of next hops, and a set that was there a moment ago often
 * comes back. 8 MiB.
 */
const KEPT_TABLES = 64

/**
 * A Maglev table of 65,537 slots (Eisenbud et al., NSDI'16 §3.4): as even as can be, one look-up
 * per decision, and when a next hop goes hardly a flow of the others moves (0.2 % at eight). A
 * table takes some 2 ms to build and 128 KiB, so sets of next hops that occur again share one.
 */
export class Maglev implements EcmpSelection {
  readonly name = 'maglev'
  /** By the list of next hops; what was used last comes last. */
  readonly #kept = new Map<string, MaglevSelector>()

  build(nextHops: readonly number[]): Selector {
    const key = nextHops.join()
    const selector = this.#kept.get(key) ?? new MaglevSelector(tableOf(nextHops))
    this.#kept.delete(key)
    this.#kept.set(key, selector)
    if (this.#kept.size > KEPT_TABLES) this.#kept.delete(this.#kept.keys().next().value!)
    return selector
  }
}

class MaglevSelector implements Selector {
  readonly recordsUse = false
  readonly #table: Uint16Array
  constructor(table: Uint16Array) {
    this.#table = table
  }
  select(hash: number): number {
    return this.#table[hash % MAGLEV_SLOTS]!
  }
  use(hash: number): number {
    return this.select(hash)
  }
  reason(hash: number): string {
    return `slot ${hash % MAGLEV_SLOTS} of ${MAGLEV_SLOTS} has ${this.select(hash)}`
  }
}

function tableOf(nextHops: readonly number[]): Uint16Array {
  return buildMaglevTable(
    MAGLEV_SLOTS,
    nextHops.map((port) => ({
      offset: murmur3(port, 0, 0, 0, 0, OFFSET_SEED) % MAGLEV_SLOTS,
      skip: (murmur3(port, 0, 0, 0, 0, SKIP_SEED) % (MAGLEV_SLOTS - 1)) + 1,
      weight: 1,
    })),
  )
}
