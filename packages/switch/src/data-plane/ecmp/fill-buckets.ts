/**
 * Assigns a next hop to each bucket so that shares differ by one bucket at most, and moves as few
 * buckets as possible. Next hops with too few buckets get those without a next hop, and those that
 * may be moved from next hops with too many.
 *
 * @param before index of the next hop per bucket; -1: none
 * @param hops number of next hops, at least 1
 * @param mayMove returns true if a bucket may be moved from its next hop
 * @returns a new table, and true if no next hop is left with too many buckets
 */
export function fillBuckets(
  before: Int32Array,
  hops: number,
  mayMove: (bucket: number) => boolean,
): { readonly table: Int32Array; readonly isBalanced: boolean } {
  const table = before.slice()
  const counts = new Int32Array(hops)
  for (const index of table) if (index >= 0) counts[index]!++
  const fair = fairShares(counts, table.length)
  let to = 0
  const give = (bucket: number): void => {
    while (counts[to]! >= fair[to]!) to = (to + 1) % hops
    table[bucket] = to
    counts[to]!++
    to = (to + 1) % hops
  }
  table.forEach((index, bucket) => {
    if (index < 0 || counts[index]! <= fair[index]! || !mayMove(bucket)) return
    counts[index]!--
    table[bucket] = -1
  })
  // Buckets that could not be moved leave other next hops with too few, so there is always a next
  // hop for a bucket without one.
  table.forEach((index, bucket) => {
    if (index < 0) give(bucket)
  })
  return { table, isBalanced: counts.every((count, index) => count <= fair[index]!) }
}

/**
 * Returns the number of buckets that each next hop should have. The remainder goes to those that
 * have most, so that it need not move.
 */
function fairShares(counts: Int32Array, buckets: number): Int32Array {
  const hops = counts.length
  const fair = new Int32Array(hops).fill(Math.floor(buckets / hops))
  const byCount = Array.from(counts.keys()).sort((a, b) => counts[b]! - counts[a]! || a - b)
  for (const index of byCount.slice(0, buckets % hops)) fair[index]!++
  return fair
}
