import { SessionEvent } from '@fivetuple/flow-records'
import {
  IcmpType,
  IpProtocol,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  type PacketOutput,
  readU16,
  TcpFlag,
  UnreachableCode,
  updateChecksum,
  wordDelta,
  writeU16,
} from '@fivetuple/packet'
import type { NatConfig } from '../config.js'
import type { Admission } from './admission.js'
import type { BackendTranslation } from './backend-translation.js'
import type { ConnectAttempts } from './connect-attempts.js'
import type { LbCounters, LbDropCause } from './counters.js'
import type { FlowOpener } from './flow-opener.js'
import type { IcmpErrors } from './icmp-errors.js'
import type { MemberLinks } from './member-links.js'
import { eraseClientAddress } from './nat/client-address-option.js'
import type { SessionTable } from './nat/session-table.js'
import { FROM_CLIENT, IS_OVER, SegmentKind, SessionState, segmentKind } from './nat/tcp-tracking.js'
import type { OutgoingRun } from './outgoing-run.js'
import type { Replier } from './reply.js'
import type { ServiceTable } from './service-table.js'
import type { SessionRecorder } from './session-recorder.js'

const NONE = -1
/** The octet with the data offset of a TCP header without options. */
const NO_TCP_OPTIONS = 0x5f

/** A flow without a session was reset; its endpoints as the client sees them. */
export type OnReset = (client: number, clientPort: number, vip: number, vipPort: number) => void

export interface ClientPacketsParts {
  readonly nat: Pick<NatConfig, 'unknownFlow'>
  /** Returns true if an address is on the interface: only then its services are served. */
  readonly hasAddress: (address: number) => boolean
  readonly sessions: SessionTable
  readonly services: ServiceTable
  readonly opener: FlowOpener
  readonly attempts: ConnectAttempts
  readonly translation: BackendTranslation
  readonly admission: Admission
  readonly icmp: IcmpErrors
  readonly replier: Replier
  readonly counters: LbCounters
  readonly recorder: SessionRecorder | undefined
  readonly run: OutgoingRun
  readonly uplink: PacketOutput
  readonly memberLinks: MemberLinks
  readonly onReset: OnReset
}

/**
 * Packets from clients to VIPs: a SYN gets a backend here, and every packet the addresses of its
 * session.
 */
export class ClientPackets {
  readonly #parts: ClientPacketsParts
  readonly #sessions: SessionTable
  readonly #services: ServiceTable
  readonly #opener: FlowOpener
  readonly #attempts: ConnectAttempts
  readonly #translation: BackendTranslation
  readonly #admission: Admission
  readonly #replier: Replier
  readonly #counters: LbCounters
  readonly #run: OutgoingRun
  readonly #uplink: PacketOutput

  constructor(parts: ClientPacketsParts) {
    this.#parts = parts
    this.#sessions = parts.sessions
    this.#services = parts.services
    this.#opener = parts.opener
    this.#attempts = parts.attempts
    this.#translation = parts.translation
    this.#admission = parts.admission
    this.#replier = parts.replier
    this.#counters = parts.counters
    this.#run = parts.run
    this.#uplink = parts.uplink
  }

  /**
   * Translates the packet at `b[o, end)` towards its backend; false if it goes nowhere, or has been
   * written anew.
   */
  translate(b: Uint8Array, o: number, end: number, now: number): boolean {
    const protocol = ipv4Protocol(b, o)
    if (!this.#admission.isTranslatable(b, o, end, protocol, this.#uplink, now)) return false
    if (protocol === IpProtocol.ICMP) return this.#parts.icmp.toBackend(b, o)
    const sessions = this.#sessions
    const l4 = o + ipv4HeaderLength(b, o)
    const client = ipv4Source(b, o)
    const vip = ipv4Destination(b, o)
    const clientPort = readU16(b, l4)
    const vipPort = readU16(b, l4 + 2)
    let kind = protocol === IpProtocol.TCP ? segmentKind(b[l4 + 13]!) : SegmentKind.OTHER
    let session = sessions.find(client, vip, clientPort, vipPort, protocol)
    if (session !== NONE && kind === SegmentKind.SYN) {
      const state = sessions.state(session)
      if (IS_OVER[state]) {
        // The client's port is in use again: the former flow is over.
        this.#opener.remove(session, SessionEvent.REPLACED)
        session = NONE
      } else if (state === SessionState.SYN_SEEN) {
        this.#run.setCurrent(b, o)
        this.#attempts.onRepeatedSyn(session, now)
        this.#run.setCurrent(undefined, 0)
      } else if (state !== SessionState.SYN_ACK_SEEN) {
        challengeWith(b, l4)
        kind = SegmentKind.SYN_ACK
      }
    }
    if (session !== NONE && protocol === IpProtocol.UDP && !this.#opener.backendOf(session).eligible)
      session = this.#moveUdp(session, now)
    if (session === NONE) {
      session = this.#open(b, o, end, client, vip, clientPort, vipPort, protocol, kind, now)
      if (session === NONE) return false
    }
    const before = sessions.state(session)
    const after = FROM_CLIENT[before]![kind]!
    if (before === SessionState.SYN_SEEN && after !== before) this.#attempts.settle(session)
    sessions.touch(session, after, true, now)
    if (protocol === IpProtocol.TCP && b[l4 + 12]! > NO_TCP_OPTIONS && kind !== SegmentKind.SYN)
      eraseClientAddress(b, o)
    if (!this.#translation.translate(b, o, end, session, kind)) return false
    const carriesClient = this.#services.mayUseToa && kind !== SegmentKind.RST && sessions.carriesClient(session)
    return !carriesClient || kind === SegmentKind.SYN || !this.#translation.insertClient(b, o, end, session, false)
  }

  /**
   * A UDP flow goes on although its backend may take no new flows: another one takes it over. While
   * there is none, a healthy backend keeps the flow.
   * @returns the flow's session, or -1 if it is to be opened like a new one
   */
  #moveUdp(session: number, now: number): number {
    const moved = this.#opener.moveUdp(session, false, now)
    if (moved !== NONE) return moved
    const { isHealthy, isListed } = this.#opener.backendOf(session)
    if (isHealthy && isListed) return session
    this.#opener.remove(session, SessionEvent.REPLACED)
    return NONE
  }

  /** Makes a session for the first packet of a flow, or refuses it. */
  #open(
    b: Uint8Array,
    o: number,
    end: number,
    client: number,
    vip: number,
    clientPort: number,
    vipPort: number,
    protocol: number,
    kind: number,
    now: number,
  ): number {
    const isTcp = protocol === IpProtocol.TCP
    if (isTcp && kind !== SegmentKind.SYN) {
      this.#counters.drops['unknown-flow']++
      this.#parts.recorder?.refuse(
        SessionEvent.UNKNOWN,
        protocol,
        client,
        vip,
        clientPort,
        vipPort,
        'unknown-flow',
        now,
      )
      if (this.#parts.nat.unknownFlow === 'reset' && this.#replier.reset(b, o, end, this.#uplink))
        this.#parts.onReset(client, clientPort, vip, vipPort)
      return NONE
    }
    const service = this.#services.find(vip, vipPort, protocol)
    if (service === undefined || !this.#parts.hasAddress(vip)) return this.#refuse('no-service', b, o, end, now)
    this.#run.setCurrent(b, o)
    const session = this.#opener.open(service, client, clientPort, now)
    this.#run.setCurrent(undefined, 0)
    if (session === NONE) return this.#refuse(this.#opener.refusal, b, o, end, now)
    if (isTcp) this.#attempts.begin(session, b, o, end, this.#parts.memberLinks.selected)
    return session
  }

  /**
   * Refuses a new flow so that the client notices at once; if flows come too fast, it only drops
   * the packet.
   */
  #refuse(cause: LbDropCause, b: Uint8Array, o: number, end: number, now: number): number {
    this.#counters.drops[cause]++
    this.#recordRefusal(cause, b, o, now)
    if (cause === 'service-flow-rate' || cause === 'over-capacity') return NONE
    if (ipv4Protocol(b, o) === IpProtocol.TCP) this.#replier.reset(b, o, end, this.#uplink)
    else this.#replier.icmpError(b, o, IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.PORT, this.#uplink)
    return NONE
  }

  #recordRefusal(cause: LbDropCause, b: Uint8Array, o: number, now: number): void {
    const { recorder } = this.#parts
    if (recorder === undefined) return
    const l4 = o + ipv4HeaderLength(b, o)
    recorder.refuse(
      SessionEvent.TURNED_AWAY,
      ipv4Protocol(b, o),
      ipv4Source(b, o),
      ipv4Destination(b, o),
      readU16(b, l4),
      readU16(b, l4 + 2),
      cause,
      now,
    )
  }
}

/**
 * Makes the SYN whose TCP header is at `tcp` a SYN-ACK. On an established session it must not open
 * a connection at a backend that may take none, nor end one that is alive. To a SYN-ACK, an end
 * that has the connection answers with a challenge ACK, as it does to a SYN (RFC 5961 §4.2), and
 * the client resets it if it is not the client's any more (RFC 9293 §3.10.7.3); an end that does
 * not have it answers with RST (§3.10.7.1). Either ends the session, and the SYN that the client
 * repeats opens another.
 */
function challengeWith(b: Uint8Array, tcp: number): void {
  const before = readU16(b, tcp + 12)
  const after = before | TcpFlag.ACK
  const checksum = readU16(b, tcp + 16)
  writeU16(b, tcp + 12, after)
  if (checksum !== 0) writeU16(b, tcp + 16, updateChecksum(checksum, wordDelta(before, after)) || 0xffff)
}
