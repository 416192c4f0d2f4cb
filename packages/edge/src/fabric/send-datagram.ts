import {
  DEFAULT_TTL,
  IPV4_HEADER_BYTES,
  IpProtocol,
  NO_ROUTE,
  UDP_HEADER_BYTES,
  writeIpv4Header,
  writeUdpHeader,
} from '@fivetuple/packet'
import type { Fabric } from './fabric.js'

/** The switch that the edge is part of has taken one hop already. */
const TTL = DEFAULT_TTL - 1

/**
 * Sends one datagram into the fabric as one packet.
 * @returns false when the port's queue is full: as a full queue does to UDP, the datagram is lost. A datagram without a
 *   route is lost too; the fabric counts it.
 */
export function sendDatagram(
  fabric: Fabric,
  source: number,
  sourcePort: number,
  destination: number,
  destinationPort: number,
  payload: Uint8Array,
): boolean {
  const total = IPV4_HEADER_BYTES + UDP_HEADER_BYTES + payload.length
  const port = fabric.egressFor(source, destination, sourcePort, destinationPort, IpProtocol.UDP, total, false, false)
  if (port === NO_ROUTE) return true
  const output = fabric.outputOf(port)
  if (output.blocked) {
    fabric.takeBack?.(port, total)
    return false
  }
  const at = output.reserve(total)
  const b = output.buffer
  writeIpv4Header(b, at, total, fabric.ttl ?? TTL, IpProtocol.UDP, source, destination)
  writeUdpHeader(b, at + IPV4_HEADER_BYTES, sourcePort, destinationPort, payload.length)
  b.set(payload, at + IPV4_HEADER_BYTES + UDP_HEADER_BYTES)
  return true
}
