/**
 * IPv4 header (RFC 791) as functions over bytes: a packet is a buffer and an offset, never an
 * object.
 *
 * Supported: sent headers have no options; received headers may have any IHL; there are no
 * fragments (the fabric's MTU is {@link MAX_PACKET_BYTES}, so they are never needed, and a received
 * fragment is malformed).
 */
import { readU16, readU32, writeU16, writeU32 } from './bytes.js'
import { foldSum, internetChecksum, sumWords, updateChecksum, wordDelta } from './checksum.js'

export const IPV4_HEADER_BYTES = 20
/** Largest total length that the header's 16-bit field can hold (RFC 791 §3.1). */
export const MAX_PACKET_BYTES = 65_535
/** TTL of a packet when an edge or an LB originates it. */
export const DEFAULT_TTL = 64

const VERSION_4_IHL_5 = 0x45
const DONT_FRAGMENT = 0x4000
const FRAGMENT_BITS = 0x3fff // MF and offset

export function ipv4HeaderLength(b: Uint8Array, o: number): number {
  return (b[o]! & 0x0f) << 2
}
export function ipv4TotalLength(b: Uint8Array, o: number): number {
  return readU16(b, o + 2)
}
export function ipv4Ttl(b: Uint8Array, o: number): number {
  return b[o + 8]!
}
export function ipv4Protocol(b: Uint8Array, o: number): number {
  return b[o + 9]!
}
export function ipv4Source(b: Uint8Array, o: number): number {
  return readU32(b, o + 12)
}
export function ipv4Destination(b: Uint8Array, o: number): number {
  return readU32(b, o + 16)
}
export function ipv4Checksum(b: Uint8Array, o: number): number {
  return readU16(b, o + 10)
}
export function ipv4Identification(b: Uint8Array, o: number): number {
  return readU16(b, o + 4)
}

/** Fault of a packet; the values are the names of the drop counters. */
export type MalformedCause = 'truncated' | 'version' | 'header-length' | 'total-length' | 'fragment' | 'checksum'

/**
 * Checks the header of the packet at `b[o, end)`: version, lengths, fragmentation, header checksum.
 *
 * @returns undefined for a valid header, or else the cause (RFC 1812 §5.2.2 lists the checks of a
 * router).
 */
export function malformedIpv4(b: Uint8Array, o: number, end: number): MalformedCause | undefined {
  if (end - o < IPV4_HEADER_BYTES) return 'truncated'
  const first = b[o]!
  if (first >>> 4 !== 4) return 'version'
  const headerLength = (first & 0x0f) << 2
  if (headerLength < IPV4_HEADER_BYTES || headerLength > end - o) return 'header-length'
  const total = ipv4TotalLength(b, o)
  if (total < headerLength || total > end - o) return 'total-length'
  if ((readU16(b, o + 6) & FRAGMENT_BITS) !== 0) return 'fragment'
  if (foldSum(sumWords(b, o, o + headerLength)) !== 0xffff) return 'checksum'
  return undefined
}

/**
 * Writes a 20-byte header with a valid checksum at `o`.
 * @param totalLength header and payload in bytes, 20 to {@link MAX_PACKET_BYTES}
 */
export function writeIpv4Header(
  b: Uint8Array,
  o: number,
  totalLength: number,
  ttl: number,
  protocol: number,
  source: number,
  destination: number,
): void {
  b[o] = VERSION_4_IHL_5
  b[o + 1] = 0
  writeU16(b, o + 2, totalLength)
  writeU16(b, o + 4, 0) // RFC 6864: the ID of an atomic datagram means nothing
  writeU16(b, o + 6, DONT_FRAGMENT)
  b[o + 8] = ttl
  b[o + 9] = protocol
  writeU32(b, o + 12, source)
  writeU32(b, o + 16, destination)
  const sum =
    0x4500 +
    totalLength +
    DONT_FRAGMENT +
    ((ttl << 8) | protocol) +
    (source >>> 16) +
    (source & 0xffff) +
    (destination >>> 16) +
    (destination & 0xffff)
  writeU16(b, o + 10, ~foldSum(sum) & 0xffff)
}

/** Recomputes the header checksum from scratch. For tests and for packets edited by hand. */
export function refreshIpv4Checksum(b: Uint8Array, o: number): void {
  writeU16(b, o + 10, 0)
  writeU16(b, o + 10, internetChecksum(b, o, o + ipv4HeaderLength(b, o)))
}

/**
 * Decrements the TTL and updates the checksum (RFC 1812 §5.3.1).
 * @returns the new TTL. If it is 0, the packet must not be forwarded.
 */
export function decrementTtl(b: Uint8Array, o: number): number {
  const ttl = b[o + 8]!
  if (ttl === 0) return 0
  const word = (ttl << 8) | b[o + 9]!
  b[o + 8] = ttl - 1
  writeU16(b, o + 10, updateChecksum(readU16(b, o + 10), wordDelta(word, word - 0x100)))
  return ttl - 1
}
