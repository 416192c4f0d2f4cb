import { strict as assert } from 'node:assert'

/**
 * Default number of slots: prime, and more than a hundred times as many as there are usually
 * backends (NSDI'16 §3.4).
 */
export const MAGLEV_SLOTS = 65_537

const FREE = 0xffff

/** Entry of a Maglev table. */
export interface MaglevEntry {
  /** First slot of its permutation, 0 to slots - 1. */
  readonly offset: number
  /** Distance from one slot of its permutation to the next, 1 to slots - 1. */
  readonly skip: number
  /** Its share relative to the others', above 0. */
  readonly weight: number
}

/**
 * Fills a Maglev lookup table (Eisenbud et al., NSDI'16 §3.4, algorithm 1): entries take turns, and
 * each takes the next slot of its permutation that is still free. With equal weights shares differ
 * by at most one slot, and if an entry goes, few slots of the others move. With different weights
 * an entry takes part in a share of the turns that is its weight relative to the largest one.
 *
 * @param slots a prime number, more than there are entries
 * @returns the index of an entry for each slot; empty without entries
 */
export function buildMaglevTable(slots: number, entries: readonly MaglevEntry[]): Uint16Array {
  assert(entries.length < slots && entries.length <= 0xffff, `${entries.length} entries in ${slots} slots`)
  if (entries.length === 0) return new Uint16Array(0)
  const table = new Uint16Array(slots).fill(FREE)
  const next = Uint32Array.from(entries, ({ offset }) => offset)
  const skips = Uint32Array.from(entries, ({ skip }) => skip)
  const weights = Float64Array.from(entries, ({ weight }) => weight)
  const heaviest = weights.reduce((a, b) => Math.max(a, b))
  /** Number of turns of each entry, in units of the largest weight. */
  const taken = new Float64Array(entries.length)
  let filled = 0
  for (let turn = 1; ; turn++) {
    for (let i = 0; i < next.length; i++) {
      if (turn * weights[i]! < taken[i]!) continue
      taken[i]! += heaviest
      let slot = next[i]!
      const skip = skips[i]!
      while (table[slot] !== FREE) {
        slot += skip
        if (slot >= slots) slot -= slots
      }
      table[slot] = i
      next[i] = slot
      if (++filled === slots) return table
    }
  }
}
