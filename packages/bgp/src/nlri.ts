import { type Prefix, prefixMask } from '@fivetuple/packet'

/**
 * Returns the encoded size of a prefix: its length in bits, then the octets that it needs
 * (RFC 4271 §4.3).
 */
export function nlriBytes(prefix: Prefix): number {
  return 1 + ((prefix.length + 7) >>> 3)
}

/** Writes a prefix at `o`. Returns the offset behind it. */
export function writeNlri(b: Uint8Array, o: number, prefix: Prefix): number {
  const octets = (prefix.length + 7) >>> 3
  b[o] = prefix.length
  for (let i = 0; i < octets; i++) b[o + 1 + i] = prefix.address >>> (24 - 8 * i)
  return o + 1 + octets
}

/**
 * Reads the prefixes that fill `b[start, end)`. Returns undefined if they do not. Bits beyond a
 * prefix's length are ignored.
 */
export function readNlri(b: Uint8Array, start: number, end: number): Prefix[] | undefined {
  const prefixes: Prefix[] = []
  for (let o = start; o < end; ) {
    const length = b[o]!
    const octets = (length + 7) >>> 3
    if (length > 32 || o + 1 + octets > end) return undefined
    let address = 0
    for (let i = 0; i < octets; i++) address |= b[o + 1 + i]! << (24 - 8 * i)
    prefixes.push({ address: (address & prefixMask(length)) >>> 0, length })
    o += 1 + octets
  }
  return prefixes
}
