/**
 * Choice of one of M equal-cost next hops by a hash: the selection submodule of claim C10. A
 * selector is built per set of next hops, when the route table changes, and then asked per packet.
 */
export interface EcmpSelection {
  /** As configurations name it. */
  readonly name: string
  /**
   * @param nextHops port ids, at least one, no two alike, in the route table's order
   * @param before what the same route had until now; missing: it is new
   */
  build(nextHops: readonly number[], before?: NextHopGroup): Selector
  /**
   * Returns the selector as time goes by: the next one for the same next hops, or the one
   * that is there. To be called every second or so. Missing: it never does anything.
   *
   * @param now ms
   */
  rebalance?(group: NextHopGroup, now: number): Selector
}

/** Next hops and how they are chosen. */
export interface NextHopGroup {
  readonly nextHops: readonly number[]
  readonly selector: Selector
}

/** A selection for one set of next hops: which hash gets which next hop never changes. */
export interface Selector {
  /**
   * {@link use} takes note of something, and so must be called even where there is but one next
   * hop.
   */
  readonly recordsUse: boolean
  /**
   * Allocation-free.
   * @param hash 32 unsigned bits
   * @returns an index into the next hops that this was built for
   */
  select(hash: number): number
  /** As {@link select}, for a packet that goes there now. */
  use(hash: number): number
  /** Calculation of {@link select}, for people, as in `7 % 4 = 3`. */
  reason(hash: number): string
}
