import type { TcpEdge, UdpClientEdge, UdpServerEdge } from '@fivetuple/edge'
import { IpProtocol, ipv4Protocol, readIcmpError } from '@fivetuple/packet'

/** Returns the counters of a UDP edge as the status of a switch names them: `udpDatagramsIn`, … */
export function prefixed(counters: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counters).map(([name, value]) => [`udp${name[0]?.toUpperCase()}${name.slice(1)}`, value as number]),
  )
}

/** Returns the function that passes each packet on by its protocol. */
export function receiver(tcp: TcpEdge, udp: UdpClientEdge | UdpServerEdge) {
  return (b: Uint8Array, start: number, end: number, now: number): void => {
    switch (ipv4Protocol(b, start)) {
      case IpProtocol.TCP:
        tcp.receive(b, start, end, now)
        return
      case IpProtocol.UDP:
        udp.receive(b, start, end, now)
        return
      case IpProtocol.ICMP: {
        const error = readIcmpError(b, start)
        if (error !== undefined) tcp.receiveIcmpError(error, now)
      }
    }
  }
}
