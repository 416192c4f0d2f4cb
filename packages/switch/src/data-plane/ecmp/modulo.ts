import type { EcmpSelection, Selector } from './selection.js'

/**
 * HASH % M (claim C5). Shares are even and there is no state, but M is part of the formula: if one
 * of N next hops goes, a flow keeps its next hop only if its hash has the same remainder for N and
 * N-1. So most flows move, also those of the next hops that stay.
 */
export const modulo: EcmpSelection = {
  name: 'modulo',
  build: (nextHops) => new ModuloSelector(nextHops.length),
  keptShares,
}

/**
 * The remainders of a hash by N and by M are i and j for one of lcm(N, M) hashes if i and j have
 * the same remainder by gcd(N, M), and for none otherwise (Chinese remainder theorem). With M =
 * N - 1 each next hop that stays keeps 1 in N(N-1), so 1 - 1/N of all flows move.
 */
function keptShares(before: readonly number[], after: readonly number[]): number[] {
  const [n, m] = [before.length, after.length]
  const common = greatestCommonDivisor(n, m)
  return before.map((port, i) => {
    const j = after.indexOf(port)
    return j >= 0 && (i - j) % common === 0 ? common / (n * m) : 0
  })
}

/** Greatest common divisor of two whole numbers above 0. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

class ModuloSelector implements Selector {
  readonly recordsUse = false
  readonly #m: number
  constructor(m: number) {
    this.#m = m
  }
  select(hash: number): number {
    return hash % this.#m
  }
  use(hash: number): number {
    return this.select(hash)
  }
  reason(hash: number): string {
    return `${hash} % ${this.#m} = ${this.select(hash)}`
  }
}
