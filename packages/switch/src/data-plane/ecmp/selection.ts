/**
 * Choice of one of M equal-cost next hops by a hash: the selection submodule of claim C10. A
 * selector is built per set of next hops when the route table changes, and called per packet.
 */
export interface EcmpSelection {
  /** Name in configurations. */
  readonly name: string
  /**
   * @param nextHops port ids, at least one, no two alike, in the route table's order
   * @param before next hops and selector of the same route until now; missing: the route is new
   */
  build(nextHops: readonly number[], before?: NextHopGroup): Selector
  /**
   * Returns the selector for this time: a new one for the same next hops, or the same one. To be
   * called about every second. Missing: selectors never change.
   *
   * @param now ms
   */
  rebalance?(group: NextHopGroup, now: number): Selector
  /**
   * Closed formula for a change of next hops, if hashes are spread evenly: the share of all flows
   * that each next hop of `before` carries and keeps, 0 to 1, in the order of `before`. `predict`
   * reports it beside the count over the established flows.
   *
   * @param before next hops, as for {@link build}
   * @param after next hops after the change, at least one
   */
  keptShares(before: readonly number[], after: readonly number[]): readonly number[]
}

/** Next hops and how they are chosen. */
export interface NextHopGroup {
  readonly nextHops: readonly number[]
  readonly selector: Selector
}

/** A selection for one set of next hops: which hash gets which next hop never changes. */
export interface Selector {
  /**
   * True if {@link use} records the use, so that it must be called even if there is only one next
   * hop.
   */
  readonly recordsUse: boolean
  /**
   * Allocation-free.
   * @param hash 32 unsigned bits
   * @returns an index into the next hops that this was built for
   */
  select(hash: number): number
  /** As {@link select}, for a packet that is sent there. */
  use(hash: number): number
  /** Calculation of {@link select}, for people, as in `7 % 4 = 3`. */
  reason(hash: number): string
}
