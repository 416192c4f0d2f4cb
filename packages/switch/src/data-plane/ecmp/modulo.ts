import type { EcmpSelection, Selector } from './selection.js'

/**
 * HASH % M (claim C5). Shares are even and there is no state, but M is part of the formula: if one
 * of N next hops goes, a flow keeps its next hop only if its hash has the same remainder for N and
 * N-1. So most flows move, also those of the next hops that stay.
 */
export const modulo: EcmpSelection = {
  name: 'modulo',
  build: (nextHops) => new ModuloSelector(nextHops.length),
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
