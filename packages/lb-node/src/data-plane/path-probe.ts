import {
  DEFAULT_TTL,
  ICMP_HEADER_BYTES,
  IcmpType,
  IPV4_HEADER_BYTES,
  IpProtocol,
  internetChecksum,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4TotalLength,
  type PacketOutput,
  readU16,
  writeIpv4Header,
  writeU16,
} from '@fivetuple/packet'
import type { CheckPath, PathMonitor } from '../control-plane/health/path-monitor.js'

const BYTES = IPV4_HEADER_BYTES + ICMP_HEADER_BYTES
/** Identifier of the LB's own echo requests (RFC 792). */
const IDENTIFIER = 0x4c42

/**
 * Writes an ICMP echo request from `source` to a router, which shows that the link to it works in
 * both directions.
 */
export function sendPathProbe(output: PacketOutput, source: number, router: number): void {
  if (output.blocked) return
  const at = output.reserve(BYTES)
  const b = output.buffer
  writeIpv4Header(b, at, BYTES, DEFAULT_TTL, IpProtocol.ICMP, source, router)
  const icmp = at + IPV4_HEADER_BYTES
  b[icmp] = IcmpType.ECHO
  b[icmp + 1] = 0
  writeU16(b, icmp + 2, 0)
  writeU16(b, icmp + 4, IDENTIFIER)
  writeU16(b, icmp + 6, 0)
  writeU16(b, icmp + 2, internetChecksum(b, icmp, at + BYTES))
}

/**
 * Returns true if the packet at `b[o]` is a response to {@link sendPathProbe}. Its IP header has
 * been checked.
 */
export function isPathProbeReply(b: Uint8Array, o: number, bip: number): boolean {
  if (ipv4Protocol(b, o) !== IpProtocol.ICMP || ipv4Destination(b, o) !== bip) return false
  const icmp = o + ipv4HeaderLength(b, o)
  if (ipv4TotalLength(b, o) < ipv4HeaderLength(b, o) + ICMP_HEADER_BYTES) return false
  return b[icmp] === IcmpType.ECHO_REPLY && readU16(b, icmp + 4) === IDENTIFIER
}

/** The path of health checks: a link with its monitor. */
export function checkPath(monitor: PathMonitor, link: { readonly isUp: boolean }, probe: () => void): CheckPath {
  return {
    get isUp() {
      return link.isUp
    },
    probe,
    hasReceivedSince: (time) => monitor.hasReceivedSince(time),
    isOverdue: (now) => monitor.isOverdue(now),
  }
}
