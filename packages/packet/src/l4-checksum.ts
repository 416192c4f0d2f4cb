/**
 * TCP and UDP checksums over the pseudo-header (RFC 9293 §3.1, RFC 768): offloaded on cables,
 * computed where packets leave.
 */
import { writeU16 } from './bytes.js'
import { foldSum, sumWords } from './checksum.js'
import { IpProtocol } from './five-tuple.js'
import { ipv4HeaderLength, ipv4Protocol, ipv4TotalLength } from './ipv4.js'

const TCP_CHECKSUM_OFFSET = 16
const UDP_CHECKSUM_OFFSET = 6

/**
 * Offset of the checksum field inside the transport header, or -1 for a protocol without a
 * pseudo-header.
 */
export function l4ChecksumOffset(protocol: number): number {
  if (protocol === IpProtocol.TCP) return TCP_CHECKSUM_OFFSET
  if (protocol === IpProtocol.UDP) return UDP_CHECKSUM_OFFSET
  return -1
}

/**
 * Folded sum of pseudo-header and segment with the checksum field as it stands: 0xffff for a
 * correct checksum.
 */
export function l4Sum(b: Uint8Array, o: number): number {
  const l4 = o + ipv4HeaderLength(b, o)
  const end = o + ipv4TotalLength(b, o)
  return foldSum(sumWords(b, o + 12, o + 20) + ipv4Protocol(b, o) + (end - l4) + sumWords(b, l4, end))
}

/**
 * Fills in the TCP or UDP checksum of the packet at `o`. Never writes zero: zero means "none" in
 * UDP and "offloaded" on our cables, and 0xffff is the same number in one's complement.
 */
export function fillL4Checksum(b: Uint8Array, o: number): void {
  const field = l4ChecksumOffset(ipv4Protocol(b, o))
  if (field < 0) return
  const at = o + ipv4HeaderLength(b, o) + field
  writeU16(b, at, 0)
  writeU16(b, at, ~l4Sum(b, o) & 0xffff || 0xffff)
}
