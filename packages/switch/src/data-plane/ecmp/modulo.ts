import type { EcmpSelection, Selector } from './selection.js'

/**
 * HASH % M, as claim C5 has it. Even, and free of state, but M is in the formula: when one of N
 * next hops goes, a flow keeps its next hop only if its hash has the same remainder for N and N-1,
 * so most flows move, also those that were nowhere near the hop that went.
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
