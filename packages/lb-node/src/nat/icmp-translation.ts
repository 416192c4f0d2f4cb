import {
  decrementTtl,
  type FiveTuple,
  ICMP_HEADER_BYTES,
  IPV4_HEADER_BYTES,
  internetChecksum,
  ipv4HeaderLength,
  ipv4Ttl,
  readIcmpError,
  refreshIpv4Checksum,
  writeU16,
  writeU32,
} from '@fivetuple/packet'

/** Addresses that a translated ICMP error gets: outside, and in the packet that it quotes. */
export interface IcmpTranslation {
  readonly outerSource: number
  readonly outerDestination: number
  readonly sourceAddress: number
  readonly sourcePort: number
  readonly destinationAddress: number
  readonly destinationPort: number
}

/**
 * Translates an ICMP error about a packet that this LB has translated, in place: the error is of use to its receiver only
 * if the quoted packet is the one that the receiver sent (RFC 5508 §4.2, REQ-4). The quoted header's checksum is made
 * valid for the quoted header; a quoted transport checksum stays as it is.
 *
 * @param lookup finds the translation by the quoted tuple
 * @returns whether the packet may be sent on
 */
export function translateIcmpError(
  b: Uint8Array,
  o: number,
  end: number,
  lookup: (quoted: FiveTuple) => IcmpTranslation | undefined,
): boolean {
  if (end - o < IPV4_HEADER_BYTES + ICMP_HEADER_BYTES || ipv4Ttl(b, o) <= 1) return false
  const error = readIcmpError(b, o)
  const to = error && lookup(error.offending)
  if (to === undefined) return false
  decrementTtl(b, o)
  writeU32(b, o + 12, to.outerSource)
  writeU32(b, o + 16, to.outerDestination)
  refreshIpv4Checksum(b, o)
  const icmp = o + ipv4HeaderLength(b, o)
  const quote = icmp + ICMP_HEADER_BYTES
  const ports = quote + ipv4HeaderLength(b, quote)
  writeU32(b, quote + 12, to.sourceAddress)
  writeU32(b, quote + 16, to.destinationAddress)
  writeU16(b, ports, to.sourcePort)
  writeU16(b, ports + 2, to.destinationPort)
  refreshIpv4Checksum(b, quote)
  writeU16(b, icmp + 2, 0)
  writeU16(b, icmp + 2, internetChecksum(b, icmp, end))
  return true
}
