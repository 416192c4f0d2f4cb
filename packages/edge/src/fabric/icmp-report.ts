import {
  type FiveTuple,
  ICMP_ERROR_MAX_BYTES,
  ICMP_QUOTE_BYTES,
  IcmpType,
  IPV4_HEADER_BYTES,
  IpProtocol,
  NO_ROUTE,
  SOURCE_PORT_POINTER,
  UnreachableCode,
  writeIcmpError,
  writeIpv4Header,
  writeU16,
} from '@fivetuple/packet'
import { type Fabric, ttlOf } from './fabric.js'
import type { LocalFailure } from './local-failure.js'

/**
 * Sends port unreachable to the sender of a packet (RFC 1122 §3.2.2.1).
 * @param flow as the sender wrote it
 */
export function reportPortUnreachable(fabric: Fabric, flow: FiveTuple): void {
  report(fabric, flow, IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.PORT, 0)
}

/** Sends host unreachable to the sender of a packet. */
export function reportHostUnreachable(fabric: Fabric, flow: FiveTuple): void {
  report(fabric, flow, IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.HOST, 0)
}

/**
 * Sends an ICMP error about a packet that this machine, and not the destination, has refused: see
 * {@link LocalFailure}.
 */
export function reportLocalFailure(fabric: Fabric, flow: FiveTuple, failure: LocalFailure | 'limit'): void {
  const { DESTINATION_UNREACHABLE, PARAMETER_PROBLEM } = IcmpType
  if (failure === 'source-port') report(fabric, flow, PARAMETER_PROBLEM, 0, SOURCE_PORT_POINTER)
  else report(fabric, flow, DESTINATION_UNREACHABLE, UnreachableCode.ADMINISTRATIVELY_PROHIBITED, 0)
}

/** Sends {@link reportLocalFailure} about a TCP flow to the remote end that has sent its SYN. */
export function reportFlowFailure(
  fabric: Fabric,
  localAddress: number,
  remoteAddress: number,
  localPort: number,
  remotePort: number,
  failure: LocalFailure | 'limit',
): void {
  const offending = {
    sourceAddress: remoteAddress,
    destinationAddress: localAddress,
    sourcePort: remotePort,
    destinationPort: localPort,
    protocol: IpProtocol.TCP,
  }
  reportLocalFailure(fabric, offending, failure)
}

/**
 * Sends an ICMP error, or nothing if the queue is full. The packet itself is not kept, so the quote
 * has only its addresses, ports and protocol.
 */
function report(fabric: Fabric, flow: FiveTuple, type: number, code: number, pointer: number): void {
  const { sourceAddress, sourcePort, destinationAddress, destinationPort, protocol } = flow
  const offending = new Uint8Array(IPV4_HEADER_BYTES + ICMP_QUOTE_BYTES)
  writeIpv4Header(offending, 0, offending.length, ttlOf(fabric), protocol, sourceAddress, destinationAddress)
  writeU16(offending, IPV4_HEADER_BYTES, sourcePort)
  writeU16(offending, IPV4_HEADER_BYTES + 2, destinationPort)
  if (protocol === IpProtocol.UDP) writeU16(offending, IPV4_HEADER_BYTES + 4, ICMP_QUOTE_BYTES)
  const error = new Uint8Array(ICMP_ERROR_MAX_BYTES)
  const length = writeIcmpError(error, 0, type, code, destinationAddress, offending, 0, pointer)
  const port = fabric.routeAndCount(destinationAddress, sourceAddress, 0, 0, IpProtocol.ICMP, length, false, false)
  if (port === NO_ROUTE) return
  const output = fabric.outputOf(port)
  if (output.blocked) fabric.uncount?.(port, length)
  else output.writeCopy(error, 0, length)
}
