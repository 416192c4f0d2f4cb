import {
  hasPorts,
  IcmpType,
  IpProtocol,
  ipv4HeaderLength,
  ipv4TotalLength,
  ipv4Ttl,
  isTcpHeaderWhole,
  isUdpHeaderWhole,
  malformedIpv4,
  type PacketOutput,
  UnreachableCode,
} from '@fivetuple/packet'
import type { Capacity } from './capacity.js'
import type { LbCounters } from './counters.js'
import type { Replier } from './reply.js'

/**
 * Admission of packets to translation. The others are counted, and responded to where a response is
 * due.
 */
export class Admission {
  readonly #counters: LbCounters
  readonly #capacity: Capacity
  readonly #replier: Replier

  constructor(counters: LbCounters, capacity: Capacity, replier: Replier) {
    this.#counters = counters
    this.#capacity = capacity
    this.#replier = replier
  }

  /**
   * Returns the offset behind the packet at `b[o, end)`. It is negated if the header is invalid,
   * which is counted. If the length is not credible, it is the end of the run.
   */
  nextPacketOffset(b: Uint8Array, o: number, end: number): number {
    const malformed = malformedIpv4(b, o, end)
    if (malformed === undefined) return o + ipv4TotalLength(b, o)
    this.#counters.drops[`malformed-${malformed}`]++
    return malformed === 'fragment' || malformed === 'checksum' ? -(o + ipv4TotalLength(b, o)) : -end
  }

  /**
   * Returns true if the packet can be translated and its TTL allows another hop. Otherwise the
   * packet is counted and responded to.
   */
  isTranslatable(b: Uint8Array, o: number, end: number, protocol: number, back: PacketOutput, now: number): boolean {
    const { drops } = this.#counters
    if (!this.#capacity.takePacket(now)) {
      drops['over-capacity']++
      return false
    }
    const l4 = o + ipv4HeaderLength(b, o)
    if (
      (protocol === IpProtocol.TCP && !isTcpHeaderWhole(b, l4, end)) ||
      (protocol === IpProtocol.UDP && !isUdpHeaderWhole(b, l4, end))
    ) {
      drops['malformed-transport']++
      return false
    }
    if (ipv4Ttl(b, o) <= 1) {
      drops['ttl-exceeded']++
      this.#replier.icmpError(b, o, IcmpType.TIME_EXCEEDED, 0, back)
      return false
    }
    if (hasPorts(protocol) || protocol === IpProtocol.ICMP) return true
    drops['no-service']++
    this.#replier.icmpError(b, o, IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.PROTOCOL, back)
    return false
  }
}
