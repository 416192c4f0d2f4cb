import {
  decrementTtl,
  type FiveTuple,
  IcmpType,
  IpProtocol,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  ipv4TotalLength,
  ipv4Ttl,
  isTcpHeaderWhole,
  isUdpHeaderWhole,
  malformedIpv4,
  type PacketOutput,
  readU16,
  rewriteEndpoints,
  UnreachableCode,
} from '@fivetuple/packet'
import type { NatConfig } from './config.js'
import { type LbDropCause, newLbCounters } from './counters.js'
import { translateIcmpError } from './nat/icmp-translation.js'
import { SessionTable } from './nat/session-table.js'
import {
  FROM_BACKEND,
  FROM_CLIENT,
  IS_OVER,
  SESSION_STATE_NAMES,
  SegmentKind,
  SessionState,
  segmentKind,
  TimeoutClass,
} from './nat/tcp-tracking.js'
import { Replier } from './reply.js'
import type { Service, ServiceKey, ServiceSpec } from './service.js'
import { ServiceTable } from './service-table.js'

const NONE = -1
/** Share of the table that half-open flows may take: a SYN flood then throws out its own kind, not what is established. */
const HALF_OPEN_SHARE = 1 / 4
/** Expiry is looked at no more often than this. */
const EXPIRY_STEP_MS = 100
/** And again after this when there was more to do than one call does. */
const EXPIRY_BACKLOG_STEP_MS = 10
/** Of what makes room in a full table, in this order. An open TCP session never does. */
const EVICTED_FIRST = [TimeoutClass.CLOSED, TimeoutClass.SYN, TimeoutClass.UDP]

export interface LbForwarderOptions {
  /** Router address: the source of ICMP errors. */
  readonly address: number
  /** The source that backends see. */
  readonly bip: number
  readonly nat: NatConfig
  /** Whether an address is on the interface: only then its services are served. */
  readonly hasAddress: (address: number) => boolean
}

/** One NAT session, for people. */
export interface SessionInfo {
  readonly clientAddress: number
  readonly clientPort: number
  readonly vipAddress: number
  readonly vipPort: number
  readonly protocol: number
  readonly natPort: number
  readonly backendAddress: number
  readonly backendPort: number
  readonly state: (typeof SESSION_STATE_NAMES)[number]
  readonly ageMs: number
  readonly idleMs: number
  /** modulo 2^32 */
  readonly packetsFromClient: number
  readonly packetsFromBackend: number
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
  readonly #halfOpenMax: number
  readonly #services: ServiceTable
  readonly #replier: Replier
  /** What a policy is shown of a flow; filled in anew for each, so that none is allocated. */
  readonly #flow = { clientAddress: 0, clientPort: 0 }

  constructor(options: LbForwarderOptions, uplink: PacketOutput, downlink: PacketOutput, now: number) {
    const { timeouts, maxSessions } = options.nat
    this.#options = options
    this.#uplink = uplink
    this.#downlink = downlink
    this.#replier = new Replier(options.address)
    this.#services = new ServiceTable(options.nat.portRange)
    this.#halfOpenMax = Math.max(Math.floor(maxSessions * HALF_OPEN_SHARE), 1)
    this.#sessions = new SessionTable(
      maxSessions,
      [timeouts.synMs, timeouts.establishedMs, timeouts.closingMs, timeouts.closedMs, timeouts.udpMs],
      now,
    )
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
  }

  /** Makes these the services: adds, changes and removes. Sessions that stand are not touched. */
  setServices(specs: readonly ServiceSpec[]): void {
    const wanted = (service: Service) =>
      specs.some(
        ({ address, port, protocol }) =>
          address === service.spec.address && port === service.spec.port && protocol === service.spec.protocol,
      )
    for (const service of [...this.#services.values()]) if (!wanted(service)) this.#services.remove(service.spec)
    for (const spec of specs) this.#services.set(spec)
  }

  /** Takes a service away: new flows are refused, sessions go on until they end. Returns false when there is none. */
  removeService(key: ServiceKey): boolean {
    return this.#services.remove(key) !== undefined
  }

  /**
   * Ends all sessions of a service's address, port and protocol, whether the service is still there or not. Nobody is
   * told: the next packet of either end is that of an unknown flow, and is answered as such.
   *
   * @returns how many there were
   */
  closeSessions({ address, port, protocol }: ServiceKey): number {
    const sessions = this.#sessions
    const before = sessions.size
    sessions.forEach((session) => {
      if (
        sessions.vipAddress(session) === address &&
        sessions.vipPort(session) === port &&
        sessions.protocol(session) === protocol
      )
        this.#remove(session)
    })
    return before - sessions.size
  }

  /**
   * Says whether a backend of a service, named by its endpoint, may have new flows (health, drain); its sessions stay.
   * Returns false when there is none.
   */
  admit(key: ServiceKey, backendAddress: number, backendPort: number, admitted: boolean): boolean {
    const service = this.#services.find(key.address, key.port, key.protocol)
    const backend = service?.backends.find((b) => b.address === backendAddress && b.port === backendPort)
    if (service === undefined || backend === undefined) return false
    if (backend.isAdmitted !== admitted) service.version++
    backend.isAdmitted = admitted
    return true
  }

  /** A run of whole packets from clients. The bytes are the forwarder's to rewrite and to give on. */
  receiveFromUplink(b: Uint8Array, start: number, end: number, now: number): void {
    const { counters } = this
    counters.bytesFromUplink += end - start
    let runStart = start
    let o = start
    while (o < end) {
      counters.packetsFromUplink++
      const next = this.#behind(b, o, end)
      if (next < 0 || !this.#toBackend(b, o, next, now)) {
        if (o > runStart) this.#downlink.give(b, runStart, o)
        runStart = Math.abs(next)
      }
      o = Math.abs(next)
    }
    if (end > runStart) this.#downlink.give(b, runStart, end)
  }

  /** A run of whole packets from backends. */
  receiveFromDownlink(b: Uint8Array, start: number, end: number, now: number): void {
    const { counters } = this
    counters.bytesFromDownlink += end - start
    let runStart = start
    let o = start
    while (o < end) {
      counters.packetsFromDownlink++
      const next = this.#behind(b, o, end)
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
    this.#sessions.expire(now, (session) => this.#remove(session))
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
      session = this.#reverse(sourceAddress, sourcePort, destinationPort, protocol)
    if (session === NONE && sourceAddress === this.#options.bip)
      session = this.#reverse(destinationAddress, destinationPort, sourcePort, protocol)
    return session === NONE ? undefined : this.#info(session, now)
  }

  /** All sessions. Costs an object each: for tests and for people, not for the packet path. */
  sessions(now: number): SessionInfo[] {
    const list: SessionInfo[] = []
    this.#sessions.forEach((session) => {
      list.push(this.#info(session, now))
    })
    return list
  }

  // ---- client to backend

  /** Translates the packet at `b[o, end)` towards its backend; false when it goes nowhere. */
  #toBackend(b: Uint8Array, o: number, end: number, now: number): boolean {
    const protocol = ipv4Protocol(b, o)
    if (!this.#isTranslatable(b, o, end, protocol, this.#uplink)) return false
    if (protocol === IpProtocol.ICMP) return this.#icmpToBackend(b, o)
    const sessions = this.#sessions
    const l4 = o + ipv4HeaderLength(b, o)
    const client = ipv4Source(b, o)
    const vip = ipv4Destination(b, o)
    const clientPort = readU16(b, l4)
    const vipPort = readU16(b, l4 + 2)
    const kind = protocol === IpProtocol.TCP ? segmentKind(b[l4 + 13]!) : SegmentKind.OTHER
    let session = sessions.find(client, clientPort, vip, vipPort, protocol)
    if (session !== NONE && kind === SegmentKind.SYN && IS_OVER[sessions.state(session)]) {
      // The client's port is in use again: what was there is over.
      this.#remove(session)
      session = NONE
    }
    if (session === NONE) {
      session = this.#open(b, o, end, client, clientPort, vip, vipPort, protocol, kind, now)
      if (session === NONE) return false
    }
    decrementTtl(b, o)
    sessions.touch(session, FROM_CLIENT[sessions.state(session)]![kind]!, true, now)
    rewriteEndpoints(
      b,
      o,
      this.#options.bip,
      sessions.natPort(session),
      sessions.backendAddress(session),
      sessions.backendPort(session),
    )
    return true
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
    const { drops } = this.counters
    const isTcp = protocol === IpProtocol.TCP
    if (isTcp && kind !== SegmentKind.SYN) {
      drops['unknown-flow']++
      if (this.#options.nat.unknownFlow === 'reset') this.#reset(b, o, end, this.#uplink)
      return NONE
    }
    const service = this.#services.find(vip, vipPort, protocol)
    if (service === undefined || !this.#options.hasAddress(vip)) return this.#refuse('no-service', b, o, end)
    this.#flow.clientAddress = client
    this.#flow.clientPort = clientPort
    const backend = service.backends[service.spec.policy.pick(this.#flow, service)]
    if (backend === undefined) return this.#refuse('no-backend', b, o, end)
    this.#makeRoom(isTcp)
    const state = isTcp ? SessionState.SYN_SEEN : SessionState.UDP
    const session = this.#sessions.add(client, clientPort, vip, vipPort, protocol, state, now)
    if (session === NONE) return this.#refuse('table-full', b, o, end)
    const port = backend.ports.allocate(session)
    if (port === NONE) {
      this.#sessions.remove(session)
      return this.#refuse('port-exhausted', b, o, end)
    }
    this.#sessions.bind(session, backend.address, backend.port, port, backend.number)
    service.flowNumber++
    service.sessions++
    backend.sessions++
    backend.newFlows++
    return session
  }

  /** Evicts a session if a new one needs its place: the oldest of its kind goes first. */
  #makeRoom(isTcp: boolean): void {
    const sessions = this.#sessions
    let victim = NONE
    if (isTcp && sessions.sizeOfClass(TimeoutClass.SYN) >= this.#halfOpenMax) victim = sessions.oldest(TimeoutClass.SYN)
    else if (sessions.size >= this.#options.nat.maxSessions)
      for (let i = 0; i < EVICTED_FIRST.length && victim === NONE; i++) victim = sessions.oldest(EVICTED_FIRST[i]!)
    if (victim === NONE) return
    this.counters.sessionsEvicted++
    this.#remove(victim)
  }

  /** Turns a new flow away so that the client knows at once. */
  #refuse(cause: LbDropCause, b: Uint8Array, o: number, end: number): number {
    this.counters.drops[cause]++
    if (ipv4Protocol(b, o) === IpProtocol.TCP) this.#reset(b, o, end, this.#uplink)
    else this.#replier.icmpError(b, o, IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.PORT, this.#uplink)
    return NONE
  }

  #icmpToBackend(b: Uint8Array, o: number): boolean {
    const refused = translateIcmpError(b, o, (quoted) => {
      // The client complains of a packet that went from the VIP to it.
      const session = this.#sessions.find(
        quoted.destinationAddress,
        quoted.destinationPort,
        quoted.sourceAddress,
        quoted.sourcePort,
        quoted.protocol,
      )
      return session === NONE
        ? undefined
        : {
            outerSource: this.#options.bip,
            outerDestination: this.#sessions.backendAddress(session),
            sourceAddress: this.#sessions.backendAddress(session),
            sourcePort: this.#sessions.backendPort(session),
            destinationAddress: this.#options.bip,
            destinationPort: this.#sessions.natPort(session),
          }
    })
    if (refused !== undefined) this.counters.drops[refused]++
    return refused === undefined
  }

  // ---- backend to client

  /** Translates the packet at `b[o, end)` back to its client; false when it goes nowhere. */
  #toClient(b: Uint8Array, o: number, end: number, now: number): boolean {
    const protocol = ipv4Protocol(b, o)
    if (!this.#isTranslatable(b, o, end, protocol, this.#downlink)) return false
    if (protocol === IpProtocol.ICMP) return this.#icmpToClient(b, o)
    if (ipv4Destination(b, o) !== this.#options.bip) {
      this.counters.drops['no-service']++
      return false
    }
    const sessions = this.#sessions
    const l4 = o + ipv4HeaderLength(b, o)
    const session = this.#reverse(ipv4Source(b, o), readU16(b, l4), readU16(b, l4 + 2), protocol)
    if (session === NONE) {
      this.counters.drops['unknown-flow']++
      if (protocol === IpProtocol.TCP && this.#options.nat.unknownFlow === 'reset')
        this.#reset(b, o, end, this.#downlink)
      else if (protocol === IpProtocol.UDP)
        this.#replier.icmpError(b, o, IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.PORT, this.#downlink)
      return false
    }
    const kind = protocol === IpProtocol.TCP ? segmentKind(b[l4 + 13]!) : SegmentKind.OTHER
    decrementTtl(b, o)
    sessions.touch(session, FROM_BACKEND[sessions.state(session)]![kind]!, false, now)
    rewriteEndpoints(
      b,
      o,
      sessions.vipAddress(session),
      sessions.vipPort(session),
      sessions.clientAddress(session),
      sessions.clientPort(session),
    )
    return true
  }

  #reverse(backendAddress: number, backendPort: number, natPort: number, protocol: number): number {
    return this.#services.ports(backendAddress, backendPort, protocol)?.sessionOf(natPort) ?? NONE
  }

  #icmpToClient(b: Uint8Array, o: number): boolean {
    const refused = translateIcmpError(b, o, (quoted) => {
      // The complaint is about a packet that went from BIP to the backend.
      const session =
        quoted.sourceAddress === this.#options.bip
          ? this.#reverse(quoted.destinationAddress, quoted.destinationPort, quoted.sourcePort, quoted.protocol)
          : NONE
      return session === NONE
        ? undefined
        : {
            outerSource: this.#sessions.vipAddress(session),
            outerDestination: this.#sessions.clientAddress(session),
            sourceAddress: this.#sessions.clientAddress(session),
            sourcePort: this.#sessions.clientPort(session),
            destinationAddress: this.#sessions.vipAddress(session),
            destinationPort: this.#sessions.vipPort(session),
          }
    })
    if (refused !== undefined) this.counters.drops[refused]++
    return refused === undefined
  }

  // ---- both ways

  /**
   * Where the packet at `b[o, end)` ends; negated when its header is wrong, which is counted. Where its length can't be
   * believed, that is the end of the run.
   */
  #behind(b: Uint8Array, o: number, end: number): number {
    const malformed = malformedIpv4(b, o, end)
    if (malformed === undefined) return o + ipv4TotalLength(b, o)
    this.counters.drops[`malformed-${malformed}`]++
    return malformed === 'fragment' || malformed === 'checksum' ? -(o + ipv4TotalLength(b, o)) : -end
  }

  /** Whether the packet is of a kind that can be translated, and may travel on; counts and answers it when it is not. */
  #isTranslatable(b: Uint8Array, o: number, end: number, protocol: number, back: PacketOutput): boolean {
    const { drops } = this.counters
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
    if (protocol === IpProtocol.TCP || protocol === IpProtocol.UDP || protocol === IpProtocol.ICMP) return true
    drops['no-service']++
    this.#replier.icmpError(b, o, IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.PROTOCOL, back)
    return false
  }

  #reset(b: Uint8Array, o: number, end: number, output: PacketOutput): void {
    if (this.#replier.reset(b, o, end, output)) this.counters.resetsSent++
  }

  #remove(session: number): void {
    const backend = this.#services.backend(this.#sessions.backend(session))
    backend.ports.release(this.#sessions.natPort(session))
    backend.service.sessions--
    this.#sessions.remove(session)
    if (--backend.sessions === 0) this.#services.freeIfUnused(backend)
  }

  #info(session: number, now: number): SessionInfo {
    const sessions = this.#sessions
    return {
      clientAddress: sessions.clientAddress(session),
      clientPort: sessions.clientPort(session),
      vipAddress: sessions.vipAddress(session),
      vipPort: sessions.vipPort(session),
      protocol: sessions.protocol(session),
      natPort: sessions.natPort(session),
      backendAddress: sessions.backendAddress(session),
      backendPort: sessions.backendPort(session),
      state: SESSION_STATE_NAMES[sessions.state(session)],
      ageMs: sessions.ageMs(session, now),
      idleMs: sessions.idleMs(session, now),
      packetsFromClient: sessions.packetsFromClient(session),
      packetsFromBackend: sessions.packetsFromBackend(session),
    }
  }
}
