/**
 * TCP header (RFC 9293 §3.1) as functions over bytes; `o` is the offset of the TCP header, not of
 * the packet.
 */
import { readU16, readU32, writeU16, writeU32 } from './bytes.js'

export const TCP_HEADER_BYTES = 20

/** Control bits (RFC 9293 §3.1). */
export const TcpFlag = { FIN: 0x01, SYN: 0x02, RST: 0x04, PSH: 0x08, ACK: 0x10, URG: 0x20 } as const

export function tcpSourcePort(b: Uint8Array, o: number): number {
  return readU16(b, o)
}
export function tcpDestinationPort(b: Uint8Array, o: number): number {
  return readU16(b, o + 2)
}
export function tcpSequence(b: Uint8Array, o: number): number {
  return readU32(b, o + 4)
}
export function tcpAcknowledgment(b: Uint8Array, o: number): number {
  return readU32(b, o + 8)
}
/** Header length with options, in bytes: 20 to 60 in a valid header. */
export function tcpDataOffset(b: Uint8Array, o: number): number {
  return (b[o + 12]! >>> 4) << 2
}
export function tcpFlags(b: Uint8Array, o: number): number {
  return b[o + 13]! & 0x3f
}
/** The window field as it stands, not scaled. */
export function tcpWindow(b: Uint8Array, o: number): number {
  return readU16(b, o + 14)
}
export function tcpChecksum(b: Uint8Array, o: number): number {
  return readU16(b, o + 16)
}

/** Returns true if `b[o, end)` holds a whole TCP header. */
export function isTcpHeaderWhole(b: Uint8Array, o: number, end: number): boolean {
  if (end - o < TCP_HEADER_BYTES) return false
  const dataOffset = tcpDataOffset(b, o)
  return dataOffset >= TCP_HEADER_BYTES && dataOffset <= end - o
}

/**
 * Writes the 20 fixed bytes; the checksum is left zero, which on a cable means "offloaded".
 * @param headerLength with options: a multiple of 4, 20 to 60
 * @param window the field's 16 bits, already scaled down
 */
export function writeTcpHeader(
  b: Uint8Array,
  o: number,
  sourcePort: number,
  destinationPort: number,
  sequence: number,
  acknowledgment: number,
  headerLength: number,
  flags: number,
  window: number,
): void {
  writeU16(b, o, sourcePort)
  writeU16(b, o + 2, destinationPort)
  writeU32(b, o + 4, sequence)
  writeU32(b, o + 8, acknowledgment)
  b[o + 12] = (headerLength >>> 2) << 4
  b[o + 13] = flags
  writeU16(b, o + 14, window)
  writeU32(b, o + 16, 0) // checksum and urgent pointer
}
