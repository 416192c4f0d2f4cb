import type { EcmpSelection, Selector } from './selection.js'

const TWO_32 = 2 ** 32

/**
 * Hash-threshold (RFC 2992): the range of the 32-bit hash is divided into M equal regions, one for
 * each next hop. If a next hop goes, the regions of the others grow and shift: between a quarter
 * and a half of all flows move (RFC 2992 §3), fewer than with `modulo`. The upper bits of the hash
 * decide. The hash `xor` leaves them zero, so with it every flow goes to the first next hop.
 */
export const hashThreshold: EcmpSelection = {
  name: 'hash-threshold',
  build: (nextHops) => new HashThresholdSelector(nextHops.length),
  keptShares,
}

/**
 * A next hop keeps the hashes that its region has before and after: [i/N, (i+1)/N) and
 * [j/M, (j+1)/M). If the k-th of N next hops goes, ((k-1)k + (N-k)(N-k+1)) / (2N(N-1)) of all flows
 * move (RFC 2992 §3 gives the extremes).
 */
function keptShares(before: readonly number[], after: readonly number[]): number[] {
  const [n, m] = [before.length, after.length]
  return before.map((port, i) => {
    const j = after.indexOf(port)
    return j < 0 ? 0 : Math.max(0, Math.min((i + 1) / n, (j + 1) / m) - Math.max(i / n, j / m))
  })
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
