/**
 * How one of M equal-cost next hops is chosen by a hash: the selection submodule of claim C10. A selection is built once
 * per set of next hops, when the route table changes, and then asked per packet.
 */
export interface EcmpSelection {
  /** As configurations name it. */
  readonly name: string
  /** @param nextHops port ids, at least one, no two alike, in the route table's order */
  build(nextHops: readonly number[]): Selector
}

/** A selection for one set of next hops. Immutable and pure. */
export interface Selector {
  /**
   * Allocation-free.
   * @param hash 32 unsigned bits
   * @returns an index into the next hops that this was built for
   */
  select(hash: number): number
}
