import type { EcmpSelection, Selector } from './selection.js'

const TWO_32 = 2 ** 32

/**
 * The hash's 32 bits are a line, cut into M equal regions, one for each next hop (RFC 2992). When
 * one goes the regions of the others grow and shift, most next to it: between a quarter and half of
 * all flows move (RFC 2992 §3), less than by `modulo`. It looks at the upper bits of the hash,
 * which `xor` leaves empty: that hash sends every flow to the first next hop.
 */
export const hashThreshold: EcmpSelection = {
  name: 'hash-threshold',
  build: (nextHops) => new HashThresholdSelector(nextHops.length),
}

class HashThresholdSelector implements Selector {
  readonly recordsUse = false
  readonly #m: number
  /**
   * Exact up to 2^21 next hops: products stay below 2^53, and the division is by a power of two.
   */
  readonly #share: number
  constructor(m: number) {
    this.#m = m
    this.#share = m / TWO_32
  }
  select(hash: number): number {
    return Math.floor(hash * this.#share)
  }
  use(hash: number): number {
    return this.select(hash)
  }
  reason(hash: number): string {
    return `floor(${hash} × ${this.#m} / 2^32) = ${this.select(hash)}`
  }
}
