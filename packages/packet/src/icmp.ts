/**
 * ICMP errors (RFC 792; RFC 1812 §4.3 for routers). Messages quote the offending IP header and up
 * to {@link ICMP_QUOTE_BYTES} bytes behind it, so that the receiver can find the flow.
 */
import { readU16, writeU16, writeU32 } from './bytes.js'
import { internetChecksum } from './checksum.js'
import { type FiveTuple, hasPorts, IpProtocol } from './five-tuple.js'
import {
  DEFAULT_TTL,
  IPV4_HEADER_BYTES,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  ipv4TotalLength,
  writeIpv4Header,
} from './ipv4.js'

export const ICMP_HEADER_BYTES = 8
/**
 * Payload bytes quoted behind the offending header: RFC 792's eight hold both ports and the
 * sequence number.
 */
export const ICMP_QUOTE_BYTES = 8
/** Longest error: IP header, ICMP header, offending header with all options, quote. */
export const ICMP_ERROR_MAX_BYTES = IPV4_HEADER_BYTES + ICMP_HEADER_BYTES + 60 + ICMP_QUOTE_BYTES

export const IcmpType = {
  ECHO_REPLY: 0,
  DESTINATION_UNREACHABLE: 3,
  SOURCE_QUENCH: 4,
  REDIRECT: 5,
  ECHO: 8,
  TIME_EXCEEDED: 11,
  PARAMETER_PROBLEM: 12,
} as const
/**
 * Pointer of a parameter problem (type 12, code 0; RFC 792) about the source port: the offset, from
 * the start of the offending IP header, of the first octet behind a header without options. A
 * server edge sends it if the port is in use on its machine; the sender may try another port.
 */
export const SOURCE_PORT_POINTER = IPV4_HEADER_BYTES
/**
 * Codes of type 3. `ADMINISTRATIVELY_PROHIBITED`: a limit of the router or the edge, and not the
 * destination (RFC 1812 §5.2.7.1).
 */
export const UnreachableCode = { NET: 0, HOST: 1, PROTOCOL: 2, PORT: 3, ADMINISTRATIVELY_PROHIBITED: 13 } as const

/** Types of the messages that quote a packet, as bits (RFC 792). */
const ERROR_TYPES =
  (1 << IcmpType.DESTINATION_UNREACHABLE) |
  (1 << IcmpType.SOURCE_QUENCH) |
  (1 << IcmpType.REDIRECT) |
  (1 << IcmpType.TIME_EXCEEDED) |
  (1 << IcmpType.PARAMETER_PROBLEM)
const FRAGMENT_OFFSET = 0x1fff

/** First multicast address; behind it come class E and the limited broadcast. */
const FIRST_NON_UNICAST = 0xe0000000

/**
 * Returns true if an ICMP error may answer the packet at `o`, whose IP header has been checked (RFC
 * 1122 §3.2.2, RFC 1812 §4.3.2.7): never another ICMP error, and only what one host has sent to one
 * host. Our fabric has no directed broadcasts.
 */
export function mayAnswerWithIcmpError(b: Uint8Array, o: number): boolean {
  const source = ipv4Source(b, o)
  if (source === 0 || source >= FIRST_NON_UNICAST || ipv4Destination(b, o) >= FIRST_NON_UNICAST) return false
  if (ipv4Protocol(b, o) !== IpProtocol.ICMP) return true
  const headerLength = ipv4HeaderLength(b, o)
  if (ipv4TotalLength(b, o) <= headerLength) return false
  const type = b[o + headerLength]
  return type === IcmpType.ECHO || type === IcmpType.ECHO_REPLY
}

/**
 * Writes an ICMP error about the packet at `offending[at]` to `b[o]`.
 *
 * @param source address of the router that reports
 * @param pointer of a parameter problem: offset of the octet that is the problem
 * @returns the error packet's total length, at most {@link ICMP_ERROR_MAX_BYTES}
 */
export function writeIcmpError(
  b: Uint8Array,
  o: number,
  type: number,
  code: number,
  source: number,
  offending: Uint8Array,
  at: number,
  pointer = 0,
): number {
  const quoted = Math.min(ipv4HeaderLength(offending, at) + ICMP_QUOTE_BYTES, ipv4TotalLength(offending, at))
  const total = IPV4_HEADER_BYTES + ICMP_HEADER_BYTES + quoted
  const icmp = o + IPV4_HEADER_BYTES
  writeIpv4Header(b, o, total, DEFAULT_TTL, IpProtocol.ICMP, source, ipv4Source(offending, at))
  b[icmp] = type
  b[icmp + 1] = code
  writeU16(b, icmp + 2, 0)
  writeU32(b, icmp + 4, pointer << 24)
  for (let i = 0; i < quoted; i++) b[icmp + ICMP_HEADER_BYTES + i] = offending[at + i]!
  writeU16(b, icmp + 2, internetChecksum(b, icmp, o + total))
  return total
}

/**
 * Returns the offset of the IPv4 header that the ICMP error in the packet at `b[o]` quotes, or -1
 * if the packet is no ICMP error or quotes too little to identify a flow: no whole header, no ports
 * where the protocol has them, or a fragment behind the first. The packet's own IP header has been
 * checked; its ICMP checksum is not checked here. Allocation-free, and total: any bytes are
 * handled.
 */
export function icmpQuoteOffset(b: Uint8Array, o: number): number {
  const icmp = o + ipv4HeaderLength(b, o)
  const end = o + ipv4TotalLength(b, o)
  const quote = icmp + ICMP_HEADER_BYTES
  if (ipv4Protocol(b, o) !== IpProtocol.ICMP || end - quote < IPV4_HEADER_BYTES) return -1
  const type = b[icmp]!
  if (type > IcmpType.PARAMETER_PROBLEM || (ERROR_TYPES & (1 << type)) === 0) return -1
  const behind = quote + ipv4HeaderLength(b, quote)
  if (b[quote]! >>> 4 !== 4 || behind < quote + IPV4_HEADER_BYTES) return -1
  if (!hasPorts(ipv4Protocol(b, quote))) return behind <= end ? quote : -1
  return end - behind >= 4 && (readU16(b, quote + 6) & FRAGMENT_OFFSET) === 0 ? quote : -1
}

/** An ICMP error as its receiver sees it. */
export interface IcmpError {
  readonly type: number
  readonly code: number
  /** Offset of the octet that a parameter problem is about; 0 in other errors. */
  readonly pointer: number
  /** The tuple of the packet that could not be delivered, as its sender wrote it. */
  readonly offending: FiveTuple
}

/** Returns true if the error reports that the source port of the packet is in use. */
export function isSourcePortProblem({ type, code, pointer }: IcmpError): boolean {
  return type === IcmpType.PARAMETER_PROBLEM && code === 0 && pointer === SOURCE_PORT_POINTER
}

/**
 * Returns true if the error reports that a limit on the path has refused the packet. That is no
 * statement about the destination.
 */
export function isAdmissionRefusal({ type, code }: IcmpError): boolean {
  return type === IcmpType.DESTINATION_UNREACHABLE && code === UnreachableCode.ADMINISTRATIVELY_PROHIBITED
}

/**
 * Reads the ICMP packet at `b[o]`, whose IP header has been checked.
 * @returns undefined if it is no error, its checksum is wrong, or the quote is too short to
 * identify a flow
 */
export function readIcmpError(b: Uint8Array, o: number): IcmpError | undefined {
  const quote = icmpQuoteOffset(b, o)
  if (quote < 0) return undefined
  const icmp = o + ipv4HeaderLength(b, o)
  const end = o + ipv4TotalLength(b, o)
  const type = b[icmp]!
  const hasPointer = type === IcmpType.PARAMETER_PROBLEM
  if (type !== IcmpType.DESTINATION_UNREACHABLE && type !== IcmpType.TIME_EXCEEDED && !hasPointer) return undefined
  const ports = quote + ipv4HeaderLength(b, quote)
  if (end - ports < 4 || internetChecksum(b, icmp, end) !== 0) return undefined
  return {
    type,
    code: b[icmp + 1]!,
    pointer: hasPointer ? b[icmp + 4]! : 0,
    offending: {
      sourceAddress: ipv4Source(b, quote),
      destinationAddress: ipv4Destination(b, quote),
      sourcePort: readU16(b, ports),
      destinationPort: readU16(b, ports + 2),
      protocol: ipv4Protocol(b, quote),
    },
  }
}
