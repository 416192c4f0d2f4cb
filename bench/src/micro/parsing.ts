import {
  IPV4_HEADER_BYTES,
  IpProtocol,
  ipv4Destination,
  ipv4Protocol,
  ipv4Source,
  isTcpHeaderWhole,
  malformedIpv4,
  TcpFlag,
  tcpDestinationPort,
  tcpSourcePort,
} from '@fivetuple/packet'
import type { TimedBench } from './micro-bench.js'
import { PACKET_BYTES, scatter, writePacket } from './packets.js'

const PACKETS = 1_024

/** Benches of the first steps of every hop. */
export const parsingBenches: readonly TimedBench[] = [
  { name: 'check a header and read the five-tuple', prepare: parse },
]

function parse(): () => number {
  const next = scatter(6)
  const b = new Uint8Array(PACKETS * PACKET_BYTES)
  for (let i = 0; i < PACKETS; i++) writePacket(b, i * PACKET_BYTES, next(), next() & 0xffff, next(), 8080, TcpFlag.ACK)
  const read = new Uint32Array(1)
  return () => {
    let sum = 0
    for (let o = 0; o < b.length; o += PACKET_BYTES) {
      const l4 = o + IPV4_HEADER_BYTES
      if (malformedIpv4(b, o, b.length) !== undefined || ipv4Protocol(b, o) !== IpProtocol.TCP) continue
      if (!isTcpHeaderWhole(b, l4, o + PACKET_BYTES)) continue
      sum += ipv4Source(b, o) ^ ipv4Destination(b, o) ^ tcpSourcePort(b, l4) ^ tcpDestinationPort(b, l4)
    }
    read[0] = sum
    return PACKETS
  }
}
