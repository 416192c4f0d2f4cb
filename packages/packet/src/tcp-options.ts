/**
 * TCP options (RFC 9293 §3.1) as functions over bytes; `o` is the offset of the TCP header, unless
 * stated otherwise.
 */
import type { Endpoint } from './address.js'
import { readU16, readU32, writeU16, writeU32 } from './bytes.js'
import { TCP_HEADER_BYTES, tcpDataOffset } from './tcp-header.js'

/** Option kinds (RFC 9293 §3.2, RFC 7323 §2.2, RFC 2018 §2 and §3, RFC 4727 §7.2). */
export const TcpOptionKind = {
  END: 0,
  NOP: 1,
  MSS: 2,
  WINDOW_SCALE: 3,
  SACK_PERMITTED: 4,
  SACK: 5,
  /**
   * The second of the two kinds for experiments, which the TOA kernel modules use for a client's
   * address.
   */
  CLIENT_ADDRESS: 254,
  /**
   * Not assigned; what LVS of Alibaba adds to the former for the VIP that the client has connected
   * to (`TCPOPT_TOA_VIP`).
   */
  VIP_ADDRESS: 250,
} as const

/** Most bytes of options: the limit of the header's length field of four bits. */
export const TCP_OPTIONS_MAX_BYTES = 40

/** Bytes that {@link writeSynOptions} writes. */
export const SYN_OPTIONS_BYTES = 8

/** Bytes that {@link writeClientAddressOption} and {@link writeVipAddressOption} write. */
export const CLIENT_ADDRESS_OPTION_BYTES = 8

/**
 * Returns the length of the option at `p`, of a list that ends at `end`: the next option is so many
 * bytes further.
 * @returns bytes, or 0 at the end of the list: at an end-of-list option, at `end`, or if the length
 * is not credible
 */
export function tcpOptionLength(b: Uint8Array, p: number, end: number): number {
  if (p >= end || b[p] === TcpOptionKind.END) return 0
  if (b[p] === TcpOptionKind.NOP) return 1
  const length = p + 1 < end ? b[p + 1]! : 0
  return length < 2 || p + length > end ? 0 : length
}

/**
 * Writes MSS (RFC 9293 §3.7.1), NOP and window scale (RFC 7323 §2.2) at `o`, behind a SYN's fixed
 * header.
 */
export function writeSynOptions(b: Uint8Array, o: number, maximumSegmentSize: number, windowShift: number): void {
  b[o] = TcpOptionKind.MSS
  b[o + 1] = 4
  writeU16(b, o + 2, maximumSegmentSize)
  b[o + 4] = TcpOptionKind.NOP
  b[o + 5] = TcpOptionKind.WINDOW_SCALE
  b[o + 6] = 3
  b[o + 7] = windowShift
}

/** Options of a SYN. */
export interface SynOptions {
  /** undefined if the option is missing: then 536 applies (RFC 9293 §3.7.1) */
  readonly maximumSegmentSize: number | undefined
  /**
   * undefined if the option is missing: then there is no scaling in either direction (RFC 7323
   * §2.2); at most 14
   */
  readonly windowShift: number | undefined
}

/**
 * Reads the options of the SYN whose whole TCP header starts at `o`; unknown and malformed options
 * are passed over.
 */
export function readSynOptions(b: Uint8Array, o: number): SynOptions {
  let maximumSegmentSize: number | undefined
  let windowShift: number | undefined
  const end = o + tcpDataOffset(b, o)
  let p = o + TCP_HEADER_BYTES
  for (let length = tcpOptionLength(b, p, end); length > 0; length = tcpOptionLength(b, p, end)) {
    if (b[p] === TcpOptionKind.MSS && length === 4) maximumSegmentSize = readU16(b, p + 2)
    // RFC 7323 §2.3
    if (b[p] === TcpOptionKind.WINDOW_SCALE && length === 3) windowShift = Math.min(b[p + 2]!, 14)
    p += length
  }
  return { maximumSegmentSize, windowShift }
}

/**
 * Writes the option at `o` that names the client behind a full NAT to a backend: kind 254,
 * length 8, port, IPv4 address, in network order. This is the layout of the TOA ("TCP option
 * address") kernel modules; unlike what RFC 6994 §3 asks of new experiments it carries no
 * identifier.
 */
export function writeClientAddressOption(b: Uint8Array, o: number, address: number, port: number): void {
  writeEndpointOption(b, o, TcpOptionKind.CLIENT_ADDRESS, address, port)
}

/**
 * Writes the option at `o` that names the VIP and port which the client has connected to: kind 250,
 * else as the client's.
 */
export function writeVipAddressOption(b: Uint8Array, o: number, address: number, port: number): void {
  writeEndpointOption(b, o, TcpOptionKind.VIP_ADDRESS, address, port)
}

/**
 * The client that the first option of {@link writeClientAddressOption}'s layout names, in the
 * segment `b[o, end)`. Total: any bytes may be there.
 *
 * @returns undefined when there is none, or no whole TCP header
 */
export function clientAddressOption(b: Uint8Array, o: number, end: number): Endpoint | undefined {
  return endpointOption(b, o, end, TcpOptionKind.CLIENT_ADDRESS)
}

/**
 * The VIP that the first option of {@link writeVipAddressOption}'s layout names; otherwise as
 * {@link clientAddressOption}.
 */
export function vipAddressOption(b: Uint8Array, o: number, end: number): Endpoint | undefined {
  return endpointOption(b, o, end, TcpOptionKind.VIP_ADDRESS)
}

function writeEndpointOption(b: Uint8Array, o: number, kind: number, address: number, port: number): void {
  b[o] = kind
  b[o + 1] = CLIENT_ADDRESS_OPTION_BYTES
  writeU16(b, o + 2, port)
  writeU32(b, o + 4, address)
}

function endpointOption(b: Uint8Array, o: number, end: number, kind: number): Endpoint | undefined {
  if (end - o < TCP_HEADER_BYTES) return undefined
  const optionsEnd = o + tcpDataOffset(b, o)
  if (optionsEnd > end) return undefined
  let p = o + TCP_HEADER_BYTES
  for (let length = tcpOptionLength(b, p, optionsEnd); length > 0; length = tcpOptionLength(b, p, optionsEnd)) {
    if (b[p] === kind && length === CLIENT_ADDRESS_OPTION_BYTES)
      return { address: readU32(b, p + 4), port: readU16(b, p + 2) }
    p += length
  }
  return undefined
}
