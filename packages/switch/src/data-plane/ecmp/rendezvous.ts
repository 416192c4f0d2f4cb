import { mix32 } from '@fivetuple/packet'
import type { EcmpSelection, Selector } from './selection.js'

/**
 * Highest random weight (Thaler and Ravishankar 1998): each next hop has a weight derived from the
 * flow's hash and its port, and the highest weight wins the flow. If a next hop goes, only its own
 * flows move; a new one takes its share and moves no other flow. It has no state and no table, but
 * a decision computes a weight for each next hop.
 */
export const rendezvous: EcmpSelection = {
  name: 'rendezvous',
  build: (nextHops) => new RendezvousSelector(nextHops),
  keptShares,
}

/**
 * A next hop keeps a flow if its weight is the highest before and after, and so the highest among
 * all next hops of both: 1 in |before ∪ after|.
 */
function keptShares(before: readonly number[], after: readonly number[]): number[] {
  const all = new Set([...before, ...after]).size
  return before.map((port) => (after.includes(port) ? 1 / all : 0))
}

class RendezvousSelector implements Selector {
  readonly recordsUse = false
  /**
   * Seed of each next hop, no two alike. The mix is a bijection, so no two weights are equal
   * either.
   */
  readonly #salts: Int32Array
  constructor(nextHops: readonly number[]) {
    this.#salts = Int32Array.from(nextHops, mix32)
  }
  select(hash: number): number {
    const salts = this.#salts
    let best = 0
    let highest = -1
    for (let i = 0; i < salts.length; i++) {
      const draw = mix32(hash ^ salts[i]!)
      if (draw <= highest) continue
      highest = draw
      best = i
    }
    return best
  }
  use(hash: number): number {
    return this.select(hash)
  }
  reason(hash: number): string {
    const draws = Array.from(this.#salts, (salt) => mix32(hash ^ salt))
    const index = this.select(hash)
    return draws.length > 8 ? `${draws[index]} is the highest of ${draws.length}` : `the highest of ${draws.join(', ')}`
  }
}
