import {
  decrementTtl,
  type FiveTuple,
  FiveTupleMap,
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
  type PacketOutput,
  readU16,
  rewriteEndpoints,
  UnreachableCode,
} from '@fivetuple/packet'
import type { NatConfig } from './config.js'
import { newLbCounters } from './counters.js'
import { translateIcmpError } from './nat/icmp-translation.js'
import { PortPool } from './nat/port-pool.js'
import { SessionTable } from './nat/session-table.js'
import {
  FROM_BACKEND,
  FROM_CLIENT,
  SESSION_STATE_NAMES,
  SegmentKind,
  SessionState,
  segmentKind,
  TimeoutClass,
} from './nat/tcp-tracking.js'
import { Replier } from './reply.js'
import { Service, ServiceBackend, type ServiceSpec } from './service.js'

const NONE = -1
/** Share of the table that half-open flows may take: a SYN flood then throws out its own kind, not what is established. */
const HALF_OPEN_SHARE = 1 / 4
/** Expiry is looked at no more often than this. */
const EXPIRY_STEP_MS = 100

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
}

/**
 * The data plane of an LB (claims C6, C7, C11): receives runs of packets from either cable, balances new flows, translates
 * addresses, and sends the same bytes on. Headers are rewritten in place in the chunk that the cable handed over; only a
 * packet that goes nowhere cuts the run.
 */
export class LbForwarder {
  readonly counters = newLbCounters()
  readonly #options: LbForwarderOptions
  readonly #uplink: PacketOutput
  readonly #downlink: PacketOutput
  readonly #sessions: SessionTable
  readonly #halfOpenMax: number
  /** Port pools by backend endpoint: what a packet from the downlink is looked up by. */
  readonly #pools = new FiveTupleMap<PortPool>()
  /** Services by VIP endpoint. */
  readonly #services = new FiveTupleMap<Service>()
  /** All services that ever had a session, by their number in session records. */
  readonly #serviceList: Service[] = []
  readonly #numbers = new Map<Service, number>()
  readonly #replier: Replier
  /** What a policy is shown of a flow; filled in anew for each, so that none is allocated. */
  readonly #flow = { clientAddress: 0, clientPort: 0 }

  constructor(options: LbForwarderOptions, uplink: PacketOutput, downlink: PacketOutput, now: number) {
    const { timeouts, maxSessions } = options.nat
    this.#options = options
    this.#uplink = uplink
    this.#downlink = downlink
    this.#replier = new Replier(options.address)
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
    const backends = spec.backends.map((backend) => {
      const pool = this.#poolOf(backend.address, backend.port, spec.protocol)
      return new ServiceBackend(backend, pool)
    })
    const service = new Service(spec, backends)
    this.#services.set(spec.address, 0, spec.port, 0, spec.protocol, service)
    this.#numbers.set(service, this.#serviceList.push(service) - 1)
  }

  /** A run of whole packets from clients. The bytes are the forwarder's to rewrite and to give on. */
  receiveFromUplink(b: Uint8Array, start: number, end: number, now: number): void {
    const { counters } = this
    counters.bytesFromUplink += end - start
    let runStart = start
    for (let o = start; o < end; ) {
      const next = o + ipv4TotalLength(b, o)
      counters.packetsFromUplink++
      if (!this.#toBackend(b, o, next, now)) {
        if (o > runStart) this.#downlink.give(b, runStart, o)
        runStart = next
      }
      o = next
    }
    if (end > runStart) this.#downlink.give(b, runStart, end)
  }

  /** A run of whole packets from backends. */
  receiveFromDownlink(b: Uint8Array, start: number, end: number, now: number): void {
    const { counters } = this
    counters.bytesFromDownlink += end - start
    let runStart = start
    for (let o = start; o < end; ) {
      const next = o + ipv4TotalLength(b, o)
      counters.packetsFromDownlink++
      if (!this.#toClient(b, o, next, now)) {
        if (o > runStart) this.#uplink.give(b, runStart, o)
        runStart = next
      }
      o = next
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
    return deadline === Number.POSITIVE_INFINITY ? deadline : Math.max(deadline, now + EXPIRY_STEP_MS)
  }

  /** The session of a client-side tuple. */
  session(t: FiveTuple, now: number): SessionInfo | undefined {
    const session = this.#sessions.find(
      t.sourceAddress,
      t.sourcePort,
      t.destinationAddress,
      t.destinationPort,
      t.protocol,
    )
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
    if (protocol === IpProtocol.ICMP) return this.#icmpToBackend(b, o, end)
    if (!this.#isWhole(b, o, end, protocol, this.#uplink)) return false
    const sessions = this.#sessions
    const l4 = o + ipv4HeaderLength(b, o)
    const client = ipv4Source(b, o)
    const vip = ipv4Destination(b, o)
    const clientPort = readU16(b, l4)
    const vipPort = readU16(b, l4 + 2)
    const kind = protocol === IpProtocol.TCP ? segmentKind(b[l4 + 13]!) : SegmentKind.OTHER
    let session = sessions.find(client, clientPort, vip, vipPort, protocol)
    if (session !== NONE && kind === SegmentKind.SYN && sessions.state(session) >= SessionState.BOTH_FIN) {
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
      drops.unknownFlow++
      if (this.#options.nat.unknownFlow === 'reset') this.#reset(b, o, end, this.#uplink)
      return NONE
    }
    const service = this.#services.get(vip, 0, vipPort, 0, protocol)
    if (service === undefined || !this.#options.hasAddress(vip)) {
      drops.noService++
      return this.#refuse(b, o, end, isTcp)
    }
    this.#flow.clientAddress = client
    this.#flow.clientPort = clientPort
    const picked = service.spec.policy.pick(this.#flow, service)
    const backend = service.backends[picked]
    if (backend === undefined) {
      drops.noBackend++
      return this.#refuse(b, o, end, isTcp)
    }
    if (isTcp && this.#sessions.sizeOfClass(TimeoutClass.SYN) >= this.#halfOpenMax) {
      drops.halfOpenEvicted++
      this.#remove(this.#sessions.oldest(TimeoutClass.SYN))
    }
    const state = isTcp ? SessionState.SYN_SEEN : SessionState.UDP
    const session = this.#sessions.add(client, clientPort, vip, vipPort, protocol, state, now)
    if (session === NONE) {
      drops.tableFull++
      return this.#refuse(b, o, end, isTcp)
    }
    const port = backend.ports.allocate(session)
    if (port === NONE) {
      this.#sessions.remove(session)
      drops.portsExhausted++
      return this.#refuse(b, o, end, isTcp)
    }
    this.#sessions.bind(session, backend.spec.address, backend.spec.port, port, this.#numbers.get(service)!, picked)
    service.flowNumber++
    service.sessions++
    backend.sessions++
    backend.newFlows++
    return session
  }

  /** Turns a new flow away so that the client knows at once. */
  #refuse(b: Uint8Array, o: number, end: number, isTcp: boolean): number {
    if (isTcp) this.#reset(b, o, end, this.#uplink)
    else this.#replier.icmpError(b, o, IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.PORT, this.#uplink)
    return NONE
  }

  #icmpToBackend(b: Uint8Array, o: number, end: number): boolean {
    const translated = translateIcmpError(b, o, end, (quoted) => {
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
    if (!translated) this.counters.drops.unknownFlow++
    return translated
  }

  // ---- backend to client

  /** Translates the packet at `b[o, end)` back to its client; false when it goes nowhere. */
  #toClient(b: Uint8Array, o: number, end: number, now: number): boolean {
    const protocol = ipv4Protocol(b, o)
    if (protocol === IpProtocol.ICMP) return this.#icmpToClient(b, o, end)
    if (!this.#isWhole(b, o, end, protocol, this.#downlink)) return false
    const sessions = this.#sessions
    const l4 = o + ipv4HeaderLength(b, o)
    const session =
      ipv4Destination(b, o) === this.#options.bip
        ? this.#reverse(ipv4Source(b, o), readU16(b, l4), readU16(b, l4 + 2), protocol)
        : NONE
    if (session === NONE) {
      this.counters.drops.unknownFlow++
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
    return this.#pools.get(backendAddress, 0, backendPort, 0, protocol)?.sessionOf(natPort) ?? NONE
  }

  #icmpToClient(b: Uint8Array, o: number, end: number): boolean {
    const translated = translateIcmpError(b, o, end, (quoted) => {
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
    if (!translated) this.counters.drops.unknownFlow++
    return translated
  }

  // ---- both ways

  /** Whether the packet is one that can be translated; counts and answers it when it is not. */
  #isWhole(b: Uint8Array, o: number, end: number, protocol: number, back: PacketOutput): boolean {
    const l4 = o + ipv4HeaderLength(b, o)
    const whole =
      protocol === IpProtocol.TCP
        ? isTcpHeaderWhole(b, l4, end)
        : protocol === IpProtocol.UDP && isUdpHeaderWhole(b, l4, end)
    if (!whole) {
      this.counters.drops.malformed++
      return false
    }
    if (ipv4Ttl(b, o) > 1) return true
    this.counters.drops.ttlExceeded++
    this.#replier.icmpError(b, o, IcmpType.TIME_EXCEEDED, 0, back)
    return false
  }

  #reset(b: Uint8Array, o: number, end: number, output: PacketOutput): void {
    if (this.#replier.reset(b, o, end, output)) this.counters.resetsSent++
  }

  #remove(session: number): void {
    const sessions = this.#sessions
    const service = this.#serviceList[sessions.service(session)]!
    const backend = service.backends[sessions.backend(session)]!
    backend.ports.release(sessions.natPort(session))
    backend.sessions--
    service.sessions--
    sessions.remove(session)
  }

  #poolOf(address: number, port: number, protocol: number): PortPool {
    const before = this.#pools.get(address, 0, port, 0, protocol)
    if (before !== undefined) return before
    const pool = new PortPool(...this.#options.nat.portRange)
    this.#pools.set(address, 0, port, 0, protocol, pool)
    return pool
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
    }
  }
}
