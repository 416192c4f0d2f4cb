import {
  decrementTtl,
  type FiveTuple,
  ICMP_HEADER_BYTES,
  IcmpType,
  internetChecksum,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4TotalLength,
  l4ChecksumOffset,
  readIcmpError,
  refreshIpv4Checksum,
  rewriteEndpoints,
  UnreachableCode,
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
  /**
   * The receiver hears that the packet is administratively prohibited, whatever the error was.
   * Default: the error itself.
   */
  readonly isRefusal?: boolean
}

/**
 * Translates an ICMP error about a packet that this LB has translated, in place: the error is of
 * use to its receiver only if the quoted packet is the one that the receiver sent (RFC 5508 §4.2,
 * REQ-4). The packet's IP header has been checked, and its TTL is above 1.
 *
 * @param lookup finds the translation by the quoted tuple
 * @returns undefined when the packet may be sent on, else why not
 */
export function translateIcmpError(
  b: Uint8Array,
  o: number,
  lookup: (quoted: FiveTuple) => IcmpTranslation | undefined,
): 'malformed-icmp' | 'no-service' | 'unknown-flow' | undefined {
  const icmp = o + ipv4HeaderLength(b, o)
  const end = o + ipv4TotalLength(b, o)
  if (end - icmp < ICMP_HEADER_BYTES) return 'malformed-icmp'
  const error = readIcmpError(b, o)
  if (error === undefined) {
    const { DESTINATION_UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM } = IcmpType
    const isError = [DESTINATION_UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM].some((type) => b[icmp] === type)
    return isError ? 'malformed-icmp' : 'no-service'
  }
  const to = lookup(error.offending)
  if (to === undefined) return 'unknown-flow'
  decrementTtl(b, o)
  writeU32(b, o + 12, to.outerSource)
  writeU32(b, o + 16, to.outerDestination)
  refreshIpv4Checksum(b, o)
  rewriteQuote(b, icmp + ICMP_HEADER_BYTES, end, to)
  if (to.isRefusal) {
    b[icmp] = IcmpType.DESTINATION_UNREACHABLE
    b[icmp + 1] = UnreachableCode.ADMINISTRATIVELY_PROHIBITED
    writeU32(b, icmp + 4, 0)
  }
  writeU16(b, icmp + 2, 0)
  writeU16(b, icmp + 2, internetChecksum(b, icmp, end))
  return undefined
}

/** A quote may end behind the ports: then there is no transport checksum to keep right. */
function rewriteQuote(b: Uint8Array, quote: number, end: number, to: IcmpTranslation): void {
  const ports = quote + ipv4HeaderLength(b, quote)
  if (end - ports >= l4ChecksumOffset(ipv4Protocol(b, quote)) + 2) {
    rewriteEndpoints(b, quote, to.sourceAddress, to.destinationAddress, to.sourcePort, to.destinationPort)
    return
  }
  writeU32(b, quote + 12, to.sourceAddress)
  writeU32(b, quote + 16, to.destinationAddress)
  writeU16(b, ports, to.sourcePort)
  writeU16(b, ports + 2, to.destinationPort)
  refreshIpv4Checksum(b, quote)
}
