import { formatEndpoint, type Ipv4Address } from './address.js'

/** IANA protocol numbers that the fabric carries. */
export const IpProtocol = { ICMP: 1, TCP: 6, UDP: 17 } as const

/** Returns true if the protocol has ports as TCP and UDP do. */
export function hasPorts(protocol: number): boolean {
  return protocol === IpProtocol.TCP || protocol === IpProtocol.UDP
}

/** Identity of a flow: <source IP, destination IP, source port, destination port, protocol>. */
export interface FiveTuple {
  readonly sourceAddress: Ipv4Address
  readonly destinationAddress: Ipv4Address
  readonly sourcePort: number
  readonly destinationPort: number
  readonly protocol: number
}

/** Returns the tuple of packets in the other direction. */
export function reverseTuple(t: FiveTuple): FiveTuple {
  return {
    sourceAddress: t.destinationAddress,
    destinationAddress: t.sourceAddress,
    sourcePort: t.destinationPort,
    destinationPort: t.sourcePort,
    protocol: t.protocol,
  }
}

/** @example formatTuple(t) // 'tcp 127.20.100.7:41234 > 127.20.10.1:8080' */
export function formatTuple(t: FiveTuple): string {
  const from = formatEndpoint(t.sourceAddress, t.sourcePort)
  const to = formatEndpoint(t.destinationAddress, t.destinationPort)
  return `${protocolName(t.protocol)} ${from} > ${to}`
}

/** Returns 'tcp', 'udp', 'icmp', or the number of another protocol. */
export function protocolName(protocol: number): string {
  switch (protocol) {
    case IpProtocol.TCP:
      return 'tcp'
    case IpProtocol.UDP:
      return 'udp'
    case IpProtocol.ICMP:
      return 'icmp'
    default:
      return String(protocol)
  }
}
