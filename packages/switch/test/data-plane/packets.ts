import {
  DEFAULT_TTL,
  type FiveTuple,
  ICMP_ERROR_MAX_BYTES,
  IcmpType,
  IPV4_HEADER_BYTES,
  IpProtocol,
  internetChecksum,
  reverseTuple,
  TCP_HEADER_BYTES,
  TcpFlag,
  UDP_HEADER_BYTES,
  writeIcmpError,
  writeIpv4Header,
  writeTcpHeader,
  writeU16,
  writeUdpHeader,
} from '@fivetuple/packet'

/** A packet of this tuple with a good header: TCP ACK, UDP datagram, or just a payload for another protocol. */
export function packetOf(t: FiveTuple, payloadLength = 0, ttl = DEFAULT_TTL): Uint8Array {
  const l4 = IPV4_HEADER_BYTES
  const header = t.protocol === IpProtocol.TCP ? TCP_HEADER_BYTES : UDP_HEADER_BYTES
  const b = new Uint8Array(l4 + header + payloadLength)
  writeIpv4Header(b, 0, b.length, ttl, t.protocol, t.sourceAddress, t.destinationAddress)
  if (t.protocol === IpProtocol.TCP)
    writeTcpHeader(b, l4, t.sourcePort, t.destinationPort, 1, 1, TCP_HEADER_BYTES, TcpFlag.ACK, 100)
  if (t.protocol === IpProtocol.UDP) writeUdpHeader(b, l4, t.sourcePort, t.destinationPort, payloadLength)
  return b
}

/** An ICMP echo request with a payload of its own. */
export function echoRequest(sourceAddress: number, destinationAddress: number): Uint8Array {
  const b = packetOf({ sourceAddress, destinationAddress, sourcePort: 0, destinationPort: 0, protocol: 1 }, 5)
  b.set([IcmpType.ECHO, 0, 0, 0, 0x12, 0x34, 0, 1, 1, 2, 3, 4, 5], IPV4_HEADER_BYTES)
  writeU16(b, IPV4_HEADER_BYTES + 2, internetChecksum(b, IPV4_HEADER_BYTES, b.length))
  return b
}

/** An ICMP error about a packet of this flow that went the other way, sent by the flow's source. */
export function errorAboutAnswerTo(t: FiveTuple, type: number = IcmpType.DESTINATION_UNREACHABLE): Uint8Array {
  const b = new Uint8Array(ICMP_ERROR_MAX_BYTES)
  return b.slice(0, writeIcmpError(b, 0, type, 1, t.sourceAddress, packetOf(reverseTuple(t), 8), 0))
}

export function concat(...packets: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(packets.flatMap((packet) => [...packet]))
}
