import {
  IPV4_HEADER_BYTES,
  IpProtocol,
  NO_ROUTE,
  UDP_HEADER_BYTES,
  writeIpv4Header,
  writeUdpHeader,
} from '@fivetuple/packet'
import { type Fabric, ttlOf } from './fabric.js'

/**
 * Sends one datagram into the fabric as one packet.
 * @returns false when the port's queue is full: as a full queue does to UDP, the datagram is lost.
 * A datagram without a route is lost too; the fabric counts it.
 */
export function sendDatagram(
  fabric: Fabric,
  sourceAddress: number,
  destinationAddress: number,
  sourcePort: number,
  destinationPort: number,
  payload: Uint8Array,
): boolean {
  const total = IPV4_HEADER_BYTES + UDP_HEADER_BYTES + payload.length
  const port = fabric.routeAndCount(
    sourceAddress,
    destinationAddress,
    sourcePort,
    destinationPort,
    IpProtocol.UDP,
    total,
    false,
    false,
  )
  if (port === NO_ROUTE) return true
  const output = fabric.outputOf(port)
  if (output.blocked) {
    fabric.uncount?.(port, total)
    return false
  }
  const at = output.reserve(total)
  const b = output.buffer
  writeIpv4Header(b, at, total, ttlOf(fabric), IpProtocol.UDP, sourceAddress, destinationAddress)
  writeUdpHeader(b, at + IPV4_HEADER_BYTES, sourcePort, destinationPort, payload.length)
  b.set(payload, at + IPV4_HEADER_BYTES + UDP_HEADER_BYTES)
  return true
}
