import { SessionEvent } from '@fivetuple/flow-records'
import type { FiveTuple, PacketOutput } from '@fivetuple/packet'
import type { CapacityConfig, NatConfig } from '../config.js'
import { Admission } from './admission.js'
import { BackendPackets } from './backend-packets.js'
import { BackendTranslation } from './backend-translation.js'
import { Capacity } from './capacity.js'
import { ClientPackets, type OnReset } from './client-packets.js'
import { ConnectAttempts, type ConnectFailure, type OnConnectFailure } from './connect-attempts.js'
import { newLbCounters } from './counters.js'
import { FlowOpener } from './flow-opener.js'
import { IcmpErrors } from './icmp-errors.js'
import type { LocalHost } from './local-host.js'
import { type MemberLinks, SINGLE_LINK } from './member-links.js'
import { LookAhead } from './nat/look-ahead.js'
import { SessionTable } from './nat/session-table.js'
import { SESSION_STATE_NAMES, SessionState, type SessionStateName } from './nat/tcp-tracking.js'
import { OutgoingRun } from './outgoing-run.js'
import { Replier } from './reply.js'
import type { BackendChange, Service, ServiceKey, ServiceSpec } from './service.js'
import { ServiceTable } from './service-table.js'
import { findSession, type SessionInfo, sessionInfo } from './session-info.js'
import { idleEnd, SessionRecorder } from './session-recorder.js'

const NONE = -1
const UNLIMITED: CapacityConfig = { packetsPerSecond: null, newFlowsPerSecond: null }
/** Interval between looks at expiry, at least. */
const EXPIRY_STEP_MS = 100
/** The same if there was more to do than one call does. */
const EXPIRY_BACKLOG_STEP_MS = 10

export interface LbForwarderOptions {
  /** Router address: the source of ICMP errors. */
  readonly address: number
  /** The source that backends see. */
  readonly bip: number
  readonly nat: NatConfig
  /** Returns true if an address is on the interface: only then its services are served. */
  readonly hasAddress: (address: number) => boolean
  /** Default: no limits. */
  readonly capacity?: CapacityConfig
  /** Default: none. */
  readonly local?: LocalHost
  /** Member links of both cables, which are selected alike. Default: a single one. */
  readonly memberLinks?: MemberLinks
  readonly onConnectFailure?: OnConnectFailure
  /** Called for each reset that the client of an unknown flow gets. */
  readonly onReset?: OnReset
  /**
   * Called when records of sessions wait that did not before. Default: sessions are not recorded.
   */
  readonly onRecords?: () => void
  /**
   * Uniform in [0, 1): source ports towards backends begin anywhere in their range (RFC 6056 §3),
   * so that an LB that is started again hardly meets flows of its predecessor that have not ended
   * yet. Default: they begin with the first.
   */
  readonly random?: () => number
}

/**
 * The data plane of an LB (claims C6, C7, C11): receives runs of packets from either cable,
 * balances new flows, translates addresses, and sends the same bytes on. Headers are rewritten in
 * place in the chunk that the cable handed over; only a packet that goes nowhere cuts the run.
 *
 * Each IP header is checked in full, checksum included (RFC 1812 §5.2.2): faults flip bits on
 * purpose, and such a packet must be lost here rather than open a session for an address that
 * nobody has. Any bytes may come in: nothing throws.
 */
export class LbForwarder {
  readonly counters = newLbCounters()
  /** Records of sessions; undefined: none are made. */
  readonly recorder: SessionRecorder | undefined
  readonly #bip: number
  readonly #uplink: PacketOutput
  readonly #run: OutgoingRun
  readonly #sessions: SessionTable
  readonly #services: ServiceTable
  readonly #opener: FlowOpener
  readonly #attempts: ConnectAttempts
  readonly #lookAhead: LookAhead
  readonly #admission: Admission
  readonly #clientPackets: ClientPackets
  readonly #backendPackets: BackendPackets

  constructor(options: LbForwarderOptions, uplink: PacketOutput, downlink: PacketOutput, now: number) {
    const { bip, nat, local, hasAddress, memberLinks = SINGLE_LINK } = options
    const { counters } = this
    const { synMs, establishedMs, closingMs, closedMs, udpMs } = nat.timeouts
    const sessions = new SessionTable(nat.maxSessions, [synMs, establishedMs, closingMs, closedMs, udpMs], now)
    const recorder = options.onRecords && new SessionRecorder(sessions, options.onRecords)
    const services = new ServiceTable(nat.portRange, options.random ?? (() => 0))
    const replier = new Replier(options.address, counters)
    const capacity = new Capacity(options.capacity ?? UNLIMITED, now)
    const admission = new Admission(counters, capacity, replier)
    const run = new OutgoingRun(downlink)
    const translation = new BackendTranslation(bip, sessions, services, counters, replier, run, downlink, memberLinks)
    const attempts = new ConnectAttempts(
      sessions,
      services,
      counters,
      translation,
      options.onConnectFailure ?? (() => {}),
      recorder,
    )
    const opener = new FlowOpener(nat, sessions, services, counters, capacity, attempts, recorder)
    const icmp = new IcmpErrors(bip, local, sessions, services, counters.drops, {
      onUnreachable: (session, failure, now) => this.#onUnreachable(session, failure, now),
      onSourcePortInUse: (session, now) => attempts.onPortInUse(session, now),
      onRefused: (session) => {
        attempts.settle(session) // there is no connection that a RST would have to end
        opener.remove(session, SessionEvent.NO_SOCKET)
      },
    })
    this.recorder = recorder
    this.#bip = bip
    this.#uplink = uplink
    this.#run = run
    this.#sessions = sessions
    this.#services = services
    this.#opener = opener
    this.#attempts = attempts
    this.#admission = admission
    this.#lookAhead = new LookAhead(sessions, (address, port, protocol) => services.ports(address, port, protocol))
    const parts = { nat, sessions, services, attempts, admission, icmp, replier, counters }
    this.#clientPackets = new ClientPackets({
      ...parts,
      hasAddress,
      opener,
      translation,
      recorder,
      run,
      uplink,
      memberLinks,
      onReset: options.onReset ?? (() => {}),
    })
    this.#backendPackets = new BackendPackets({ ...parts, bip, local, downlink })
  }

  /** Limits the source ports in use towards each backend; null: the range is the limit. */
  limitPorts(usable: number | null): void {
    this.#services.limitPorts(usable)
  }

  /** Limits the sessions; null: as configured. */
  limitSessions(usable: number | null): void {
    this.#opener.limitSessions(usable)
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  /** Services at work. */
  get services(): IterableIterator<Service> {
    return this.#services.values()
  }

  /** Sessions per state. */
  sessionsByState(): Record<SessionStateName, number> {
    const sizes = Object.values(SessionState).map((state) => [
      SESSION_STATE_NAMES[state],
      this.#sessions.sizeOfState(state),
    ])
    return Object.fromEntries(sizes) as Record<SessionStateName, number>
  }

  /**
   * Adds a service, or changes the one with its address, port and protocol; sessions that stand are
   * not touched.
   */
  setService(spec: ServiceSpec): void {
    this.#services.set(spec)
  }

  /**
   * Changes what is known of a backend of a service, named by its endpoint: whether it is healthy,
   * drained, and how warm. Its sessions stay. Returns false when there is none.
   */
  setBackend(key: ServiceKey, backendAddress: number, backendPort: number, change: BackendChange): boolean {
    return this.#services.setBackend(key, backendAddress, backendPort, change)
  }

  /**
   * Says whether a service has as many healthy backends as it needs. Returns false when there is no
   * such service.
   */
  setServiceUp(key: ServiceKey, isUp: boolean): boolean {
    return this.#services.setUp(key, isUp)
  }

  /**
   * A run of whole packets from clients. The bytes are the forwarder's to rewrite and to send on.
   */
  receiveFromUplink(b: Uint8Array, start: number, end: number, now: number): void {
    const { counters } = this
    const run = this.#run
    counters.bytesFromUplink += end - start
    run.startAt(start)
    let o = start
    let ahead = start
    while (o < end) {
      if (o >= ahead) ahead = this.#lookAhead.toBackends(b, o, end)
      counters.packetsFromUplink++
      const next = this.#admission.nextPacketOffset(b, o, end)
      if (next < 0 || !this.#clientPackets.translate(b, o, next, now)) {
        run.sendUpTo(b, o)
        run.startAt(Math.abs(next))
      }
      o = Math.abs(next)
    }
    run.sendUpTo(b, end)
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
      const next = this.#admission.nextPacketOffset(b, o, end)
      if (next < 0 || !this.#backendPackets.translate(b, o, next, now)) {
        if (o > runStart) this.#uplink.writeOwned(b, runStart, o)
        runStart = Math.abs(next)
      }
      o = Math.abs(next)
    }
    if (end > runStart) this.#uplink.writeOwned(b, runStart, end)
  }

  /** Removes what has been idle for too long. */
  onTimeout(now: number): void {
    this.#sessions.expire(now, (session) => this.#opener.remove(session, idleEnd(this.#sessions, session)))
  }

  /** When {@link onTimeout} is wanted, ms; Infinity: never. */
  deadline(now: number): number {
    const deadline = this.#sessions.deadline(now)
    return Math.max(deadline, now + (deadline < now ? EXPIRY_BACKLOG_STEP_MS : EXPIRY_STEP_MS))
  }

  /**
   * The session that packets of a five-tuple belong to: client to VIP, backend to BIP, or the way
   * back of either.
   */
  session(t: FiveTuple, now: number): SessionInfo | undefined {
    const session = findSession(this.#sessions, this.#services, this.#bip, t)
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

  /**
   * A packet of a session did not reach its backend, as an ICMP error reports. Returns true if the
   * flow is with another backend now; else the client is to be informed.
   */
  #onUnreachable(session: number, failure: ConnectFailure, now: number): boolean {
    switch (this.#sessions.state(session)) {
      case SessionState.SYN_SEEN:
        return this.#attempts.onFailure(session, failure, now)
      case SessionState.UDP:
        this.#attempts.reportFailure(session, failure)
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
}
