/**
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624).
 *
 * Sums are kept unfolded in a double until the end: 65,535 bytes add up to less than 2^31, so no
 * carry is lost.
 */
import { readU16 } from './bytes.js'

/**
 * Folds a sum of 16-bit words into 16 bits, carries added back in (RFC 1071 §2). `sum` is 0 to
 * 2^32-1.
 */
export function foldSum(sum: number): number {
  let s = (sum & 0xffff) + (sum >>> 16)
  s = (s & 0xffff) + (s >>> 16)
  return s
}

/**
 * Adds up the 16-bit words of `b[start, end)`; an odd last byte counts as the high half of a word.
 * Unfolded.
 */
export function sumWords(b: Uint8Array, start: number, end: number): number {
  let sum = 0
  let o = start
  for (; o + 1 < end; o += 2) sum += readU16(b, o)
  if (o < end) sum += b[o]! << 8
  return sum
}

/** Returns the Internet checksum of `b[start, end)`, whose checksum field is zero. 16 bits. */
export function internetChecksum(b: Uint8Array, start: number, end: number): number {
  return ~foldSum(sumWords(b, start, end)) & 0xffff
}

/**
 * Difference that replacing word `from` by word `to` makes to a checksum's complement: ~m + m' of
 * RFC 1624 equation 3. Deltas of several words add up; {@link updateChecksum} takes the sum.
 */
export function wordDelta(from: number, to: number): number {
  return (~from & 0xffff) + to
}

/** The delta of replacing a 32-bit field. */
export function longDelta(from: number, to: number): number {
  return (~(from >>> 16) & 0xffff) + (~from & 0xffff) + (to >>> 16) + (to & 0xffff)
}

/** RFC 1624 equation 3: HC' = ~(~HC + ~m + m'). */
export function updateChecksum(checksum: number, delta: number): number {
  return ~foldSum((~checksum & 0xffff) + delta) & 0xffff
}
