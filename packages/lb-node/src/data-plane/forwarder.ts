import {
  decrementTtl,
  type FiveTuple,
  IcmpType,
  IpProtocol,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  type PacketOutput,
  readU16,
  rewriteEndpoints,
  TcpFlag,
  UnreachableCode,
  updateChecksum,
  wordDelta,
  writeU16,
} from '@fivetuple/packet'
import type { CapacityConfig, NatConfig } from '../config.js'
import { LanePort } from '../ports/member-link-output.js'
import { Admission } from './admission.js'
import { Capacity } from './capacity.js'
import { type LbDropCause, newLbCounters } from './counters.js'
import { type ConnectFailure, FlowOpener, type OnConnectFailure } from './flow-opener.js'
import { IcmpErrors } from './icmp-errors.js'
import type { LocalHost } from './local-host.js'
import { eraseClientAddress, insertClientAddress } from './nat/client-address-option.js'
import { LookAhead } from './nat/look-ahead.js'
import { SessionTable } from './nat/session-table.js'
import { KEPT_SYN_BYTES } from './nat/syn-store.js'
import {
  FROM_BACKEND,
  FROM_CLIENT,
  IS_OVER,
  SESSION_STATE_NAMES,
  SegmentKind,
  SessionState,
  segmentKind,
} from './nat/tcp-tracking.js'
import { Replier } from './reply.js'
import type { BackendChange, Service, ServiceKey, ServiceSpec } from './service.js'
import { ServiceTable } from './service-table.js'
import { type SessionInfo, sessionInfo } from './session-info.js'

const NONE = -1
const UNLIMITED: CapacityConfig = { packetsPerSecond: null, newFlowsPerSecond: null }
/** The octet with the data offset of a TCP header without options. */
const NO_TCP_OPTIONS = 0x5f
/** Expiry is looked at no more often than this. */
const EXPIRY_STEP_MS = 100
/** And again after this when there was more to do than one call does. */
const EXPIRY_BACKLOG_STEP_MS = 10

export interface LbForwarderOptions {
  /** Router address: the source of ICMP errors. */
  readonly address: number
  /** The source that backends see. */
  readonly bip: number
  readonly nat: NatConfig
  /** Whether an address is on the interface: only then its services are served. */
  readonly hasAddress: (address: number) => boolean
  /** Default: no limits. */
  readonly capacity?: CapacityConfig
  /** Default: none. */
  readonly local?: LocalHost
  readonly onConnectFailure?: OnConnectFailure
  /**
   * Uniform in [0, 1): source ports towards backends begin anywhere in their range (RFC 6056 §3), so that an LB that is started
   * again hardly meets flows of its predecessor that have not ended yet. Default: they begin with the first.
   */
  readonly random?: () => number
}

/**
 * The data plane of an LB (claims C6, C7, C11): receives runs of packets from either cable, balances new flows, translates
 * addresses, and sends the same bytes on. Headers are rewritten in place in the chunk that the cable handed over; only a
 * packet that goes nowhere cuts the run.
 *
 * Each IP header is checked in full, checksum included (RFC 1812 §5.2.2): faults flip bits on purpose, and such a packet
 * must be lost here rather than open a session for an address that nobody has. Any bytes may come in: nothing throws.
 */
export class LbForwarder {
  readonly counters = newLbCounters()
  readonly #options: LbForwarderOptions
  readonly #uplink: PacketOutput
  readonly #downlink: PacketOutput
  readonly #sessions: SessionTable
  readonly #services: ServiceTable
  readonly #opener: FlowOpener
  readonly #lookAhead: LookAhead
  readonly #admission: Admission
  readonly #icmp: IcmpErrors
  readonly #replier: Replier
  /** The lanes of the downlink, if it has several. */
  readonly #lanes: LanePort | undefined
  /** False as long as no service has passed clients on by TOA: no session is looked at for it then. */
  #mayCarryClients = false
  /** The run from the uplink that is being translated, and the packet in it that is looked at; undefined: none. */
  #run: Uint8Array | undefined
  #runAt = 0
  /** Where that part of a run from the uplink begins that is translated and not sent on yet. */
  #runStart = 0
  /** Where a SYN that is sent once more is translated. */
  readonly #syn = new Uint8Array(KEPT_SYN_BYTES)

  constructor(options: LbForwarderOptions, uplink: PacketOutput, downlink: PacketOutput, now: number) {
    const { timeouts, maxSessions } = options.nat
    this.#options = options
    this.#uplink = uplink
    this.#downlink = downlink
    this.#lanes = downlink instanceof LanePort ? downlink : undefined
    this.#replier = new Replier(options.address)
    this.#services = new ServiceTable(options.nat.portRange, options.random ?? (() => 0))
    this.#sessions = new SessionTable(
      maxSessions,
      [timeouts.synMs, timeouts.establishedMs, timeouts.closingMs, timeouts.closedMs, timeouts.udpMs],
      now,
    )
    this.#lookAhead = new LookAhead(this.#sessions, (address, port, protocol) =>
      this.#services.ports(address, port, protocol),
    )
    const capacity = new Capacity(options.capacity ?? UNLIMITED, now)
    this.#admission = new Admission(this.counters, capacity, this.#replier)
    const onConnectFailure = options.onConnectFailure ?? (() => {})
    this.#opener = new FlowOpener(
      options.nat,
      this.#sessions,
      this.#services,
      this.counters,
      capacity,
      onConnectFailure,
      (session) => this.#takeBackSyn(session),
    )
    this.#icmp = new IcmpErrors(options.bip, options.local, this.#sessions, this.#services, this.counters.drops, {
      onUnreachable: (session, failure, now) => this.#onUnreachable(session, failure, now),
      onSourcePortInUse: (session, now) => this.#changePort(session, now),
      onRefused: (session) => {
        this.#opener.dropSyn(session) // there is no connection that a RST would have to end
        this.#opener.remove(session)
      },
    })
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  /** Services at work. */
  get services(): IterableIterator<Service> {
    return this.#services.values()
  }

  /** Sessions per state. */
  sessionsByState(): Record<string, number> {
    return Object.fromEntries(
      Object.values(SessionState).map((state) => [SESSION_STATE_NAMES[state], this.#sessions.sizeOfState(state)]),
    )
  }

  /** Adds a service, or changes the one with its address, port and protocol; sessions that stand are not touched. */
  setService(spec: ServiceSpec): void {
    this.#services.set(spec)
    if (spec.clientAddress === 'toa') this.#mayCarryClients = true
  }

  /**
   * Changes what is known of a backend of a service, named by its endpoint: whether it is healthy, drained, and how warm.
   * Its sessions stay. Returns false when there is none.
   */
  setBackend(key: ServiceKey, backendAddress: number, backendPort: number, change: BackendChange): boolean {
    const service = this.#services.find(key.address, key.port, key.protocol)
    const backend = service?.backends.find((b) => b.address === backendAddress && b.port === backendPort)
    if (service === undefined || backend === undefined) return false
    Object.assign(backend, change)
    service.changed()
    return true
  }

  /** Says whether a service has as many healthy backends as it needs. Returns false when there is no such service. */
  setServiceUp(key: ServiceKey, isUp: boolean): boolean {
    const service = this.#services.find(key.address, key.port, key.protocol)
    if (service === undefined) return false
    service.isUp = isUp
    service.changed()
    return true
  }

  /** A run of whole packets from clients. The bytes are the forwarder's to rewrite and to give on. */
  receiveFromUplink(b: Uint8Array, start: number, end: number, now: number): void {
    const { counters } = this
    counters.bytesFromUplink += end - start
    this.#runStart = start
    let o = start
    let ahead = start
    while (o < end) {
      if (o >= ahead) ahead = this.#lookAhead.toBackends(b, o, end)
      counters.packetsFromUplink++
      const next = this.#admission.behind(b, o, end)
      if (next < 0 || !this.#toBackend(b, o, next, now)) {
        this.#giveRun(b, o)
        this.#runStart = Math.abs(next)
      }
      o = Math.abs(next)
    }
    this.#giveRun(b, end)
  }

  /** A run of whole packets from backends. */
  receiveFromDownlink(b: Uint8Array, start: number, end: number, now: number): void {
    const { counters } = this
    counters.bytesFromDownlink += end - start
    let runStart = start
    let o = start
    let ahead = start
    while (o < end) {
      if (o >= ahead) ahead = this.#lookAhead.toClients(b, o, end)
      counters.packetsFromDownlink++
      const next = this.#admission.behind(b, o, end)
      if (next < 0 || !this.#toClient(b, o, next, now)) {
        if (o > runStart) this.#uplink.give(b, runStart, o)
        runStart = Math.abs(next)
      }
      o = Math.abs(next)
    }
    if (end > runStart) this.#uplink.give(b, runStart, end)
  }

  /** Removes what has been idle for too long. */
  onTimeout(now: number): void {
    this.#sessions.expire(now, (session) => this.#opener.remove(session))
  }

  /** When {@link onTimeout} is wanted, ms; Infinity: never. */
  deadline(now: number): number {
    const deadline = this.#sessions.deadline(now)
    return Math.max(deadline, now + (deadline < now ? EXPIRY_BACKLOG_STEP_MS : EXPIRY_STEP_MS))
  }

  /** The session that packets of a five-tuple belong to: client to VIP, backend to BIP, or the way back of either. */
  session(t: FiveTuple, now: number): SessionInfo | undefined {
    const { sourceAddress, sourcePort, destinationAddress, destinationPort, protocol } = t
    let session = this.#sessions.find(sourceAddress, sourcePort, destinationAddress, destinationPort, protocol)
    if (session === NONE)
      session = this.#sessions.find(destinationAddress, destinationPort, sourceAddress, sourcePort, protocol)
    if (session === NONE && destinationAddress === this.#options.bip)
      session = this.#services.sessionOf(sourceAddress, sourcePort, destinationPort, protocol)
    if (session === NONE && sourceAddress === this.#options.bip)
      session = this.#services.sessionOf(destinationAddress, destinationPort, sourcePort, protocol)
    return session === NONE ? undefined : sessionInfo(this.#sessions, session, now)
  }

  /** All sessions. Costs an object each: for tests and for people, not for the packet path. */
  sessions(now: number): SessionInfo[] {
    const list: SessionInfo[] = []
    this.#sessions.forEach((session) => {
      list.push(sessionInfo(this.#sessions, session, now))
    })
    return list
  }

  // ---- client to backend

  /** Translates the packet at `b[o, end)` towards its backend; false when it goes nowhere. */
  #toBackend(b: Uint8Array, o: number, end: number, now: number): boolean {
    const protocol = ipv4Protocol(b, o)
    if (!this.#admission.isTranslatable(b, o, end, protocol, this.#uplink, now)) return false
    if (protocol === IpProtocol.ICMP) return this.#icmp.toBackend(b, o)
    const sessions = this.#sessions
    const l4 = o + ipv4HeaderLength(b, o)
    const client = ipv4Source(b, o)
    const vip = ipv4Destination(b, o)
    const clientPort = readU16(b, l4)
    const vipPort = readU16(b, l4 + 2)
    let kind = protocol === IpProtocol.TCP ? segmentKind(b[l4 + 13]!) : SegmentKind.OTHER
    let session = sessions.find(client, clientPort, vip, vipPort, protocol)
    if (session !== NONE && kind === SegmentKind.SYN) {
      const state = sessions.state(session)
      if (IS_OVER[state]) {
        // The client's port is in use again: what was there is over.
        this.#opener.remove(session)
        session = NONE
      } else if (state === SessionState.SYN_SEEN) this.#onRepeatedSyn(b, o, session, now)
      else if (state !== SessionState.SYN_ACK_SEEN) {
        challengeWith(b, l4)
        kind = SegmentKind.SYN_ACK
      }
    }
    if (session !== NONE && protocol === IpProtocol.UDP && !this.#opener.backendOf(session).eligible)
      session = this.#moveUdp(session, now)
    if (session === NONE) {
      session = this.#open(b, o, end, client, clientPort, vip, vipPort, protocol, kind, now)
      if (session === NONE) return false
    }
    const before = sessions.state(session)
    const after = FROM_CLIENT[before]![kind]!
    if (before === SessionState.SYN_SEEN && after !== before) this.#opener.dropSyn(session)
    sessions.touch(session, after, true, now)
    if (protocol === IpProtocol.TCP && b[l4 + 12]! > NO_TCP_OPTIONS && kind !== SegmentKind.SYN)
      eraseClientAddress(b, o)
    if (!this.#translateToBackend(b, o, end, session, kind)) return false
    const carriesClient = this.#mayCarryClients && kind !== SegmentKind.RST && sessions.carriesClient(session)
    return !carriesClient || kind === SegmentKind.SYN || !this.#insertClient(b, o, end, session, false)
  }

  /**
   * A UDP flow goes on although its backend may take no new flows: another one takes it over. While there is none, a healthy
   * backend keeps the flow.
   * @returns the flow's session, or -1 if it is to be opened like a new one
   */
  #moveUdp(session: number, now: number): number {
    const moved = this.#opener.moveUdp(session, false, now)
    if (moved !== NONE) return moved
    const { isHealthy, isListed } = this.#opener.backendOf(session)
    if (isHealthy && isListed) return session
    this.#opener.remove(session)
    return NONE
  }

  /** Rewrites a packet in place so that it goes to the session's backend; false when it had to be written anew, and was. */
  #translateToBackend(b: Uint8Array, o: number, end: number, session: number, kind: number): boolean {
    const sessions = this.#sessions
    decrementTtl(b, o)
    rewriteEndpoints(
      b,
      o,
      this.#options.bip,
      sessions.backendAddress(session),
      sessions.natPort(session),
      sessions.backendPort(session),
    )
    return kind !== SegmentKind.SYN || !this.#passClientInSyn(b, o, end, session)
  }

  /** Puts the client's endpoint into a SYN for backends that are to know it. Returns whether it has written the packet. */
  #passClientInSyn(b: Uint8Array, o: number, end: number, session: number): boolean {
    const { clientAddress } = this.#opener.backendOf(session).service.spec
    if (clientAddress === undefined || clientAddress === 'none') {
      eraseClientAddress(b, o)
      return false
    }
    if (this.#insertClient(b, o, end, session, clientAddress === 'proxy-v2')) return true
    this.counters.clientAddressesOmitted++
    return false
  }

  /** Writes a packet with the client's endpoint, and the VIP's, in TCP options; false when there is no room. */
  #insertClient(b: Uint8Array, o: number, end: number, session: number, withVip: boolean): boolean {
    const sessions = this.#sessions
    this.#giveRun(b, o) // what came before this packet also leaves before it
    return insertClientAddress(
      b,
      o,
      end,
      sessions.clientAddress(session),
      sessions.clientPort(session),
      this.#downlink,
      withVip ? sessions.vipAddress(session) : 0,
      sessions.vipPort(session),
    )
  }

  /** Sends on what has been translated of the run from the uplink, up to `end`. */
  #giveRun(b: Uint8Array, end: number): void {
    if (end > this.#runStart) this.#downlink.give(b, this.#runStart, end)
    this.#runStart = end
  }

  /** Makes a session for the first packet of a flow, or answers it. */
  #open(
    b: Uint8Array,
    o: number,
    end: number,
    client: number,
    clientPort: number,
    vip: number,
    vipPort: number,
    protocol: number,
    kind: number,
    now: number,
  ): number {
    const isTcp = protocol === IpProtocol.TCP
    if (isTcp && kind !== SegmentKind.SYN) {
      this.counters.drops['unknown-flow']++
      if (this.#options.nat.unknownFlow === 'reset') this.#reset(b, o, end, this.#uplink)
      return NONE
    }
    const service = this.#services.find(vip, vipPort, protocol)
    if (service === undefined || !this.#options.hasAddress(vip)) return this.#refuse('no-service', b, o, end)
    this.#runAt = o
    this.#run = b
    const session = this.#opener.open(service, client, clientPort, now)
    this.#run = undefined
    if (session === NONE) return this.#refuse(this.#opener.refusal, b, o, end)
    if (isTcp) this.#opener.keepSyn(session, b, o, end, this.#lanes?.selected ?? 0)
    return session
  }

  /** A half-open session's SYN has come again: gives it to another backend if its own has not answered, or may take no flows. */
  #onRepeatedSyn(b: Uint8Array, o: number, session: number, now: number): void {
    const opener = this.#opener
    const isOverdue = opener.isOverdue(session, now)
    if (!isOverdue && opener.mayTakeFlows(session)) return
    if (isOverdue) opener.failed(session, 'timeout')
    this.#runAt = o
    this.#run = b
    opener.moveOn(session, true)
    this.#run = undefined
  }

  /**
   * Sends RST behind the SYN of a half-open session to the backend that it leaves, so that the connection which is being opened
   * there ends with the session. Without the kept SYN its sequence number is not known, and the backend's side is left to its
   * own timeout.
   */
  #takeBackSyn(session: number): void {
    const sessions = this.#sessions
    if (sessions.synSlot(session) === NONE) return
    if (this.#run !== undefined) this.#giveRun(this.#run, this.#runAt) // the SYN may be in it, and leaves before
    const selected = this.#lanes?.selected ?? 0
    this.#lanes?.select(this.#opener.synLane(session))
    this.#replier.resetFrom(
      this.#options.bip,
      sessions.natPort(session),
      sessions.backendAddress(session),
      sessions.backendPort(session),
      this.#opener.synSequence(session) + 1,
      this.#downlink,
    )
    this.#lanes?.select(selected)
    this.counters.resetsSent++
  }

  /** Turns a new flow away so that the client knows at once; what comes too fast is lost without a word. */
  #refuse(cause: LbDropCause, b: Uint8Array, o: number, end: number): number {
    this.counters.drops[cause]++
    if (cause === 'service-flow-rate' || cause === 'over-capacity') return NONE
    if (ipv4Protocol(b, o) === IpProtocol.TCP) this.#reset(b, o, end, this.#uplink)
    else this.#replier.icmpError(b, o, IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.PORT, this.#uplink)
    return NONE
  }

  /**
   * The backend does not take a new flow: asks another one with the client's SYN as it was kept.
   * @returns false when the client has to be told
   */
  #retry(session: number, failure: ConnectFailure): boolean {
    this.#opener.failed(session, failure)
    const length = this.#opener.synLength(session)
    if (length === NONE || !this.#opener.moveOn(session, false)) return false
    this.#resendSyn(session, length)
    this.counters.drops.retried++
    return true
  }

  /**
   * The machine uses the session's source port: the flow goes on from another one, to the same backend.
   * @returns false when the client has to be told
   */
  #changePort(session: number, now: number): boolean {
    const isOpening = this.#sessions.state(session) === SessionState.SYN_SEEN
    const length = isOpening ? this.#opener.synLength(session) : 0
    if (length === NONE || !this.#opener.changePort(session, now)) return false
    if (isOpening) this.#resendSyn(session, length)
    return true
  }

  #resendSyn(session: number, length: number): void {
    const syn = this.#syn
    this.#opener.copySyn(session, syn, 0)
    if (this.#translateToBackend(syn, 0, length, session, SegmentKind.SYN)) this.#downlink.append(syn, 0, length)
  }

  /**
   * A packet of a session did not reach its backend, as an ICMP error says.
   * @returns false when the client has to be told
   */
  #onUnreachable(session: number, failure: ConnectFailure, now: number): boolean {
    switch (this.#sessions.state(session)) {
      case SessionState.SYN_SEEN:
        return this.#retry(session, failure)
      case SessionState.UDP:
        this.#opener.failed(session, failure)
        if (this.#opener.moveUdp(session, true, now) === NONE) return false
        break
      case SessionState.UDP_MOVED:
        break // a datagram of before: the flow is elsewhere already
      default:
        return false
    }
    this.counters.drops.retried++
    return true
  }

  // ---- backend to client

  /** Translates the packet at `b[o, end)` back to its client; false when it goes nowhere. */
  #toClient(b: Uint8Array, o: number, end: number, now: number): boolean {
    const protocol = ipv4Protocol(b, o)
    if (!this.#admission.isTranslatable(b, o, end, protocol, this.#downlink, now)) return false
    if (protocol === IpProtocol.ICMP) return this.#icmp.toClient(b, o, now)
    if (ipv4Destination(b, o) !== this.#options.bip) {
      this.counters.drops['no-service']++
      return false
    }
    const sessions = this.#sessions
    const l4 = o + ipv4HeaderLength(b, o)
    if (this.#options.local?.owns(readU16(b, l4 + 2))) {
      this.#options.local.receive(b, o, end, now)
      return false
    }
    const session = this.#services.sessionOf(ipv4Source(b, o), readU16(b, l4), readU16(b, l4 + 2), protocol)
    if (session === NONE) {
      this.counters.drops['unknown-flow']++
      if (protocol === IpProtocol.TCP && this.#options.nat.unknownFlow === 'reset')
        this.#reset(b, o, end, this.#downlink)
      else if (protocol === IpProtocol.UDP)
        this.#replier.icmpError(b, o, IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.PORT, this.#downlink)
      return false
    }
    const kind = protocol === IpProtocol.TCP ? segmentKind(b[l4 + 13]!) : SegmentKind.OTHER
    const before = sessions.state(session)
    if (before === SessionState.SYN_SEEN) {
      if (kind === SegmentKind.RST && this.#retry(session, 'refused')) return false
      if (FROM_BACKEND[before]![kind]! !== before) this.#opener.dropSyn(session)
    }
    // The backend has completed the handshake, with what the client's segments carried.
    if (this.#mayCarryClients && kind !== SegmentKind.SYN_ACK && sessions.carriesClient(session))
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

  #reset(b: Uint8Array, o: number, end: number, output: PacketOutput): void {
    if (this.#replier.reset(b, o, end, output)) this.counters.resetsSent++
  }
}

/**
 * Makes the SYN whose TCP header is at `tcp` a SYN-ACK. On an established session it must not open a connection at a backend
 * that may take none, nor end one that is alive. To a SYN-ACK, an end that has the connection answers with a challenge ACK, as
 * it does to a SYN (RFC 5961 §4.2), and the client resets it if it is not the client's any more (RFC 9293 §3.10.7.3); an end
 * that does not have it answers with RST (§3.10.7.1). Either ends the session, and the SYN that the client repeats opens another.
 */
function challengeWith(b: Uint8Array, tcp: number): void {
  const before = readU16(b, tcp + 12)
  const after = before | TcpFlag.ACK
  const checksum = readU16(b, tcp + 16)
  writeU16(b, tcp + 12, after)
  if (checksum !== 0) writeU16(b, tcp + 16, updateChecksum(checksum, wordDelta(before, after)) || 0xffff)
}
