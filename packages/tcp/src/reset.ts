import {
  readU32,
  TCP_HEADER_BYTES,
  TcpFlag,
  tcpDataOffset,
  tcpDestinationPort,
  tcpFlags,
  tcpSourcePort,
  writeTcpHeader,
} from '@fivetuple/packet'
import type { SegmentOutput } from './segment-output.js'

/**
 * Responds with RST to a segment without a connection (RFC 9293 §3.10.7.1). The RST passes the
 * sender's sequence check. A RST gets no response.
 *
 * @param o offset of the received TCP header in `b`
 * @param end end of its payload
 * @returns true if a RST was written
 */
export function writeResetFor(b: Uint8Array, o: number, end: number, out: SegmentOutput): boolean {
  const flags = tcpFlags(b, o)
  if (flags & TcpFlag.RST) return false
  const at = out.reserve(TCP_HEADER_BYTES, true)
  if (at < 0) return false
  let length = end - o - tcpDataOffset(b, o)
  if (flags & TcpFlag.SYN) length++
  if (flags & TcpFlag.FIN) length++
  const hasAck = (flags & TcpFlag.ACK) !== 0
  writeTcpHeader(
    out.buffer,
    at,
    tcpDestinationPort(b, o),
    tcpSourcePort(b, o),
    hasAck ? readU32(b, o + 8) : 0,
    hasAck ? 0 : readU32(b, o + 4) + length,
    TCP_HEADER_BYTES,
    hasAck ? TcpFlag.RST : TcpFlag.RST | TcpFlag.ACK,
    0,
  )
  return true
}
