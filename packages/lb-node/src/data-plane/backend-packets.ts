import {
  decrementTtl,
  IcmpType,
  IpProtocol,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  type PacketOutput,
  readU16,
  rewriteEndpoints,
  UnreachableCode,
} from '@fivetuple/packet'
import type { NatConfig } from '../config.js'
import type { Admission } from './admission.js'
import type { ConnectAttempts } from './connect-attempts.js'
import type { LbCounters } from './counters.js'
import type { IcmpErrors } from './icmp-errors.js'
import type { LocalHost } from './local-host.js'
import type { SessionTable } from './nat/session-table.js'
import { FROM_BACKEND, SegmentKind, SessionState, segmentKind } from './nat/tcp-tracking.js'
import type { Replier } from './reply.js'
import type { ServiceTable } from './service-table.js'

const NONE = -1

export interface BackendPacketsParts {
  readonly bip: number
  readonly nat: Pick<NatConfig, 'unknownFlow'>
  readonly local: LocalHost | undefined
  readonly sessions: SessionTable
  readonly services: ServiceTable
  readonly attempts: ConnectAttempts
  readonly admission: Admission
  readonly icmp: IcmpErrors
  readonly replier: Replier
  readonly counters: LbCounters
  readonly downlink: PacketOutput
}

/**
 * Packets from backends to the BIP: VIP and client are restored, and refusals of SYNs go to the
 * connect attempts.
 */
export class BackendPackets {
  readonly #parts: BackendPacketsParts
  readonly #bip: number
  readonly #local: LocalHost | undefined
  readonly #sessions: SessionTable
  readonly #services: ServiceTable
  readonly #attempts: ConnectAttempts
  readonly #admission: Admission
  readonly #downlink: PacketOutput

  constructor(parts: BackendPacketsParts) {
    this.#parts = parts
    this.#bip = parts.bip
    this.#local = parts.local
    this.#sessions = parts.sessions
    this.#services = parts.services
    this.#attempts = parts.attempts
    this.#admission = parts.admission
    this.#downlink = parts.downlink
  }

  /** Translates the packet at `b[o, end)` back to its client; false if it goes nowhere. */
  translate(b: Uint8Array, o: number, end: number, now: number): boolean {
    const protocol = ipv4Protocol(b, o)
    if (!this.#admission.isTranslatable(b, o, end, protocol, this.#downlink, now)) return false
    if (protocol === IpProtocol.ICMP) return this.#parts.icmp.toClient(b, o, now)
    if (ipv4Destination(b, o) !== this.#bip) {
      this.#parts.counters.drops['no-service']++
      return false
    }
    const sessions = this.#sessions
    const l4 = o + ipv4HeaderLength(b, o)
    if (this.#local?.owns(readU16(b, l4 + 2))) {
      this.#local.receive(b, o, end, now)
      return false
    }
    const session = this.#services.sessionOf(ipv4Source(b, o), readU16(b, l4), readU16(b, l4 + 2), protocol)
    if (session === NONE) return this.#refuse(b, o, end, protocol)
    const kind = protocol === IpProtocol.TCP ? segmentKind(b[l4 + 13]!) : SegmentKind.OTHER
    const before = sessions.state(session)
    if (before === SessionState.SYN_SEEN) {
      if (kind === SegmentKind.RST && this.#attempts.onFailure(session, 'refused', now)) return false
      if (FROM_BACKEND[before]![kind]! !== before) this.#attempts.settle(session)
    }
    // The backend has completed the handshake, with what the client's segments carried.
    if (this.#services.mayUseToa && kind !== SegmentKind.SYN_ACK && sessions.carriesClient(session))
      sessions.setCarriesClient(session, false)
    decrementTtl(b, o)
    sessions.touch(session, FROM_BACKEND[before]![kind]!, false, now)
    rewriteEndpoints(
      b,
      o,
      sessions.vipAddress(session),
      sessions.clientAddress(session),
      sessions.vipPort(session),
      sessions.clientPort(session),
    )
    return true
  }

  /** Counts a packet without a session and answers it. */
  #refuse(b: Uint8Array, o: number, end: number, protocol: number): false {
    const { counters, nat, replier } = this.#parts
    counters.drops['unknown-flow']++
    if (protocol === IpProtocol.TCP && nat.unknownFlow === 'reset') replier.reset(b, o, end, this.#downlink)
    else if (protocol === IpProtocol.UDP)
      replier.icmpError(b, o, IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.PORT, this.#downlink)
    return false
  }
}
