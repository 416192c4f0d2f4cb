/**
 * Big-endian access by hand. `Buffer`'s readers check bounds and argument types on each call, which
 * costs more than the whole rewrite of a packet. Callers check the packet's bounds before.
 */

/** Reads 16 bits in network byte order at `o`. */
export function readU16(b: Uint8Array, o: number): number {
  return (b[o]! << 8) | b[o + 1]!
}

/** Reads 32 bits in network byte order at `o` as an unsigned number. */
export function readU32(b: Uint8Array, o: number): number {
  return ((b[o]! << 24) | (b[o + 1]! << 16) | (b[o + 2]! << 8) | b[o + 3]!) >>> 0
}

/** Writes the low 16 bits of `v` in network byte order at `o`. */
export function writeU16(b: Uint8Array, o: number, v: number): void {
  b[o] = v >>> 8
  b[o + 1] = v
}

/** Writes 32 bits in network byte order at `o`. */
export function writeU32(b: Uint8Array, o: number, v: number): void {
  b[o] = v >>> 24
  b[o + 1] = v >>> 16
  b[o + 2] = v >>> 8
  b[o + 3] = v
}
