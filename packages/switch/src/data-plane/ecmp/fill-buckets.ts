/**
 * Gives each bucket a next hop so that shares differ by one bucket at most, moving as few as that
 * takes: buckets without a next hop are given to who has too few, and so are those of who has too
 * many where they may be moved.
 *
 * @param before index of the next hop by bucket; -1: it has none (any more)
 * @param hops number of next hops, at least 1
 * @param mayMove whether a bucket may be taken from its next hop
 * @returns another table, and whether nobody is left with too many
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
  // What could not be taken from those with too many is missing for the others: there is room for
  // all that has no next hop.
  table.forEach((index, bucket) => {
    if (index < 0) give(bucket)
  })
  return { table, isBalanced: counts.every((count, index) => count <= fair[index]!) }
}

/**
 * Buckets that each next hop should have. What does not divide goes to those that have most, so
 * that it need not move.
 */
function fairShares(counts: Int32Array, buckets: number): Int32Array {
  const hops = counts.length
  const fair = new Int32Array(hops).fill(Math.floor(buckets / hops))
  const byCount = Array.from(counts.keys()).sort((a, b) => counts[b]! - counts[a]! || a - b)
  for (const index of byCount.slice(0, buckets % hops)) fair[index]!++
  return fair
}
