/**
 * Sequence numbers (RFC 9293 §3.4) are kept as signed 32-bit integers, so that arithmetic stays in
 * small integers. All comparisons use the difference, which wraps around.
 */

/** Returns a − b as a signed distance: positive if `a` is later than `b`. */
export function seqDiff(a: number, b: number): number {
  return (a - b) | 0
}

/** Returns a + n, modulo 2^32. */
export function seqAdd(a: number, n: number): number {
  return (a + n) | 0
}
