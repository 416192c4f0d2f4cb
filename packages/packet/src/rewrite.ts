import { readU16, readU32, writeU16, writeU32 } from './bytes.js'
import { longDelta, updateChecksum, wordDelta } from './checksum.js'
import { ipv4HeaderLength, ipv4Protocol } from './ipv4.js'
import { l4ChecksumOffset } from './l4-checksum.js'

/**
 * Replaces both addresses and both ports of the TCP or UDP packet at `o`, in place: the full NAT
 * rewrite.
 *
 * The IP checksum and, unless it is zero (offloaded), the transport checksum are updated
 * incrementally (RFC 1624), so a checksum that was right stays right and a wrong one stays wrong:
 * corruption is not hidden by translation.
 */
export function rewriteEndpoints(
  b: Uint8Array,
  o: number,
  sourceAddress: number,
  destinationAddress: number,
  sourcePort: number,
  destinationPort: number,
): void {
  const l4 = o + ipv4HeaderLength(b, o)
  const addresses = longDelta(readU32(b, o + 12), sourceAddress) + longDelta(readU32(b, o + 16), destinationAddress)
  const checksumAt = l4 + l4ChecksumOffset(ipv4Protocol(b, o))
  const l4Checksum = readU16(b, checksumAt)
  if (l4Checksum !== 0) {
    const ports = wordDelta(readU16(b, l4), sourcePort) + wordDelta(readU16(b, l4 + 2), destinationPort)
    writeU16(b, checksumAt, updateChecksum(l4Checksum, addresses + ports) || 0xffff)
  }
  writeU16(b, o + 10, updateChecksum(readU16(b, o + 10), addresses))
  writeU32(b, o + 12, sourceAddress)
  writeU32(b, o + 16, destinationAddress)
  writeU16(b, l4, sourcePort)
  writeU16(b, l4 + 2, destinationPort)
}
