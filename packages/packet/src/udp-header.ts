/** UDP header (RFC 768) as functions over bytes; `o` is the offset of the UDP header. */
import { readU16, writeU16 } from './bytes.js'

export const UDP_HEADER_BYTES = 8

export function udpSourcePort(b: Uint8Array, o: number): number {
  return readU16(b, o)
}
export function udpDestinationPort(b: Uint8Array, o: number): number {
  return readU16(b, o + 2)
}
/** Header and payload in bytes, by the length field. */
export function udpLength(b: Uint8Array, o: number): number {
  return readU16(b, o + 4)
}
export function udpChecksum(b: Uint8Array, o: number): number {
  return readU16(b, o + 6)
}

/** Returns true if `b[o, end)` holds a whole UDP datagram by its own length field. */
export function isUdpHeaderWhole(b: Uint8Array, o: number, end: number): boolean {
  if (end - o < UDP_HEADER_BYTES) return false
  const length = udpLength(b, o)
  return length >= UDP_HEADER_BYTES && length <= end - o
}

/** Writes the header; the checksum is left zero: "none" by RFC 768, "offloaded" on a cable. */
export function writeUdpHeader(
  b: Uint8Array,
  o: number,
  sourcePort: number,
  destinationPort: number,
  payloadLength: number,
): void {
  writeU16(b, o, sourcePort)
  writeU16(b, o + 2, destinationPort)
  writeU16(b, o + 4, UDP_HEADER_BYTES + payloadLength)
  writeU16(b, o + 6, 0)
}
