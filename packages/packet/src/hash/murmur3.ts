import type { FlowHash } from './flow-hash.js'

/**
 * MurmurHash3 x86_32 over the sixteen bytes source, destination, ports, protocol (four
 * little-endian words). Mixes well: each input bit flips each output bit with a probability near
 * one half, so `% M` is even also for sequential ports.
 */
export const murmur3: FlowHash = (sourceAddress, destinationAddress, sourcePort, destinationPort, protocol, seed) => {
  let h = round(seed, sourceAddress)
  h = round(h, destinationAddress)
  h = round(h, (sourcePort << 16) | destinationPort)
  return mix32(round(h, protocol) ^ 16) // length in bytes
}

/**
 * The finaliser of MurmurHash3: a bijection of 32 bits in which each input bit flips each output
 * bit with a probability near one half. @returns 32 unsigned bits
 */
export function mix32(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function round(h: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  h ^= k
  h = (h << 13) | (h >>> 19)
  return (Math.imul(h, 5) + 0xe6546b64) | 0
}
