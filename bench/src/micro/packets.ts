import {
  DEFAULT_TTL,
  IPV4_HEADER_BYTES,
  IpProtocol,
  TCP_HEADER_BYTES,
  writeIpv4Header,
  writeTcpHeader,
} from '@fivetuple/packet'

/** Size of a TCP packet without data. */
export const PACKET_BYTES = IPV4_HEADER_BYTES + TCP_HEADER_BYTES

/** Writes such a packet at `o`, with an offloaded transport checksum. */
export function writePacket(
  b: Uint8Array,
  o: number,
  source: number,
  sourcePort: number,
  destination: number,
  destinationPort: number,
  flags: number,
): void {
  writeIpv4Header(b, o, PACKET_BYTES, DEFAULT_TTL, IpProtocol.TCP, source, destination)
  writeTcpHeader(b, o + IPV4_HEADER_BYTES, sourcePort, destinationPort, 1, 1, TCP_HEADER_BYTES, flags, 1000)
}

/**
 * Returns a generator of numbers that look random and are the same in every run (mulberry32), 32
 * unsigned bits each.
 */
export function scatter(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return (x ^ (x >>> 14)) >>> 0
  }
}
