import { greatestCommonDivisor } from '../ecmp/modulo.js'
import type { EcmpSelection } from '../ecmp/selection.js'

/** Next hops of a route, before or after a change, and their selection. */
export interface Spread {
  readonly selection: EcmpSelection
  readonly nextHops: readonly number[]
}

/** Share of all flows that a next hop has before a change, and the part that it keeps. */
export interface ExpectedShare {
  readonly port: number
  /** 0 to 1 */
  readonly share: number
  /** 0 to `share` */
  readonly kept: number
}

/**
 * Returns the closed formula for a change: shares of evenly spread flows per next hop before it.
 * If the selection or the hash changes, next hops before and after are independent of each other,
 * so a next hop of N keeps 1 in N·M. Modulo and buckets are not independent, since both take
 * remainders of one hash.
 *
 * @param isRehashed true if the hash or its seed changes
 * @param buckets number of buckets of `resilient`
 */
export function expectedShares(
  before: Spread,
  after: Spread,
  { isRehashed, buckets }: { readonly isRehashed: boolean; readonly buckets: number },
): ExpectedShare[] {
  const kept = keptShares(before, after, isRehashed, buckets)
  const share = 1 / before.nextHops.length
  return before.nextHops.map((port, i) => ({ port, share, kept: Math.min(share, kept[i]!) }))
}

function keptShares(before: Spread, after: Spread, isRehashed: boolean, buckets: number): readonly number[] {
  const [from, to] = [before.nextHops, after.nextHops]
  if (to.length === 0) return from.map(() => 0)
  const names = [before.selection.name, after.selection.name]
  if (!isRehashed && names[0] === names[1]) return before.selection.keptShares(from, to)
  if (!isRehashed && names.includes('modulo') && names.includes('resilient'))
    return names[0] === 'modulo' ? moduloAndBuckets(from, to, buckets) : bucketsAndModulo(from, to, buckets)
  return from.map((port) => (to.includes(port) ? 1 / (from.length * to.length) : 0))
}

/**
 * Shares of flows on one next hop by HASH % N and by bucket HASH % B, which has the next hop
 * (HASH % B) % M as long as no next hop has come or gone. Remainders by N and by B are equal by
 * their greatest common divisor and otherwise independent.
 */
function moduloAndBuckets(from: readonly number[], to: readonly number[], buckets: number): number[] {
  const n = from.length
  const common = greatestCommonDivisor(n, buckets)
  const kept = new Array<number>(n).fill(0)
  for (let bucket = 0; bucket < buckets; bucket++) {
    const i = from.indexOf(to[bucket % to.length]!)
    if (i >= 0 && (i - bucket) % common === 0) kept[i]! += common / (n * buckets)
  }
  return kept
}

function bucketsAndModulo(from: readonly number[], to: readonly number[], buckets: number): number[] {
  const shares = moduloAndBuckets(to, from, buckets)
  return from.map((port) => shares[to.indexOf(port)] ?? 0)
}
