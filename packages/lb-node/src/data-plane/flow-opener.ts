import { IpProtocol, murmur3 } from '@fivetuple/packet'
import type { NatConfig } from '../config.js'
import type { Capacity } from './capacity.js'
import type { LbCounters, LbDropCause } from './counters.js'
import type { SessionTable } from './nat/session-table.js'
import { SynStore } from './nat/syn-store.js'
import { SessionState, TimeoutClass } from './nat/tcp-tracking.js'
import type { Service, ServiceBackend } from './service.js'
import type { ServiceTable } from './service-table.js'

const NONE = -1
/** Share of the table that half-open flows may take: a SYN flood then throws out its own kind, not what is established. */
const HALF_OPEN_SHARE = 1 / 4
/** Of what makes room in a full table, in this order. An open TCP session never does. */
const EVICTED_FIRST = [TimeoutClass.CLOSED, TimeoutClass.SYN, TimeoutClass.UDP]
/**
 * A SYN that the client repeats after so long is given to another backend, ms. Clients repeat a SYN after a second
 * (RFC 6298 §2), so it is the first repetition that tries another one.
 */
const CONNECT_TIMEOUT_MS = 800
/** Backends that one flow is given to at most; a UDP flow may try as many again after {@link UDP_TRIES_REST_MS}. */
const TRIES_MAX = 3
const UDP_TRIES_REST_MS = 1_000

/** A backend did not take a new flow. */
export type ConnectFailure = 'refused' | 'timeout' | 'unreachable'

/**
 * Called when a half-open session leaves a backend that has not answered its SYN: the backend's side may still be opening the
 * connection. The session is still bound to the backend.
 */
export type OnAbandoned = (session: number) => void

/** Called for each new flow that a backend did not take, whether another one could be tried or not. */
export type OnConnectFailure = (backend: ServiceBackend, failure: ConnectFailure) => void

/**
 * The load-balancing module of an LB (claim C11): lets new flows in or turns them away, gives each a backend and a source
 * port, and another backend when the first does not take it.
 */
export class FlowOpener {
  readonly #nat: NatConfig
  readonly #halfOpenMax: number
  readonly #sessions: SessionTable
  readonly #services: ServiceTable
  readonly #counters: LbCounters
  readonly #capacity: Capacity
  readonly #onConnectFailure: OnConnectFailure
  readonly #onAbandoned: OnAbandoned
  readonly #syns = new SynStore()
  /** What a policy is shown of a flow; filled in anew for each, so that none is allocated. */
  readonly #flow = { clientAddress: 0, clientPort: 0 }
  /** Why the last {@link open} gave no session. */
  refusal: LbDropCause = 'no-service'

  constructor(
    nat: NatConfig,
    sessions: SessionTable,
    services: ServiceTable,
    counters: LbCounters,
    capacity: Capacity,
    onConnectFailure: OnConnectFailure,
    onAbandoned: OnAbandoned,
  ) {
    this.#nat = nat
    this.#halfOpenMax = Math.max(Math.floor(nat.maxSessions * HALF_OPEN_SHARE), 1)
    this.#sessions = sessions
    this.#services = services
    this.#counters = counters
    this.#capacity = capacity
    this.#onConnectFailure = onConnectFailure
    this.#onAbandoned = onAbandoned
  }

  /** Makes a session for the first packet of a flow; -1 when it is turned away, and {@link refusal} says why. */
  open(service: Service, client: number, clientPort: number, now: number): number {
    const { spec } = service
    const isTcp = spec.protocol === IpProtocol.TCP
    // What a service may take is looked at first, so that what it may not take costs the others nothing.
    if (service.sessions >= (spec.limits?.maxSessions ?? Number.POSITIVE_INFINITY))
      return this.#refuse('service-sessions')
    if (service.newFlowRate?.take(now) === false) return this.#refuse('service-flow-rate')
    if (!this.#capacity.takeNewFlow(now)) return this.#refuse('over-capacity')
    const backend = this.#choose(service, client, clientPort)
    if (backend === undefined) return this.#refuse('no-backend')
    this.#makeRoom(isTcp)
    const state = isTcp ? SessionState.SYN_SEEN : SessionState.UDP
    const session = this.#sessions.add(client, clientPort, spec.address, spec.port, spec.protocol, state, now)
    if (session === NONE) return this.#refuse('table-full')
    if (!this.#bind(session, backend)) {
      this.#sessions.remove(session)
      return this.#refuse('port-exhausted')
    }
    if (isTcp && spec.clientAddress === 'toa') this.#sessions.setCarriesClient(session, true)
    service.newFlows++
    service.sessions++
    if (service.isInPanic) service.flowsInPanic++
    return session
  }

  /**
   * Keeps the SYN `b[o, end)` of a new session, as the client sent it, in case it has to be sent again.
   * @param lane the member link that it came by
   */
  keepSyn(session: number, b: Uint8Array, o: number, end: number, lane: number): void {
    this.#sessions.setSynSlot(session, this.#syns.keep(b, o, end, lane))
  }

  /** The backend has answered, or the client has given up: its SYN is not needed any more. */
  dropSyn(session: number): void {
    const slot = this.#sessions.synSlot(session)
    if (slot === NONE) return
    this.#syns.release(slot)
    this.#sessions.setSynSlot(session, NONE)
  }

  /** The packet kept for a session, to be read from the store, or -1 when there is none. */
  synLength(session: number): number {
    const slot = this.#sessions.synSlot(session)
    return slot === NONE ? NONE : this.#syns.length(slot)
  }

  /** Sequence number of the SYN kept for a session. */
  synSequence(session: number): number {
    return this.#syns.sequence(this.#sessions.synSlot(session))
  }

  /** The member link that the SYN kept for a session came by. */
  synLane(session: number): number {
    return this.#syns.lane(this.#sessions.synSlot(session))
  }

  copySyn(session: number, b: Uint8Array, o: number): void {
    this.#syns.copyTo(this.#sessions.synSlot(session), b, o)
  }

  /** Whether a repeated SYN of a half-open session has waited for its backend for long enough. */
  isOverdue(session: number, now: number): boolean {
    return this.#sessions.ageMs(session, now) >= CONNECT_TIMEOUT_MS
  }

  /** The backend of a half-open session has not taken it. */
  failed(session: number, failure: ConnectFailure): void {
    const backend = this.backendOf(session)
    backend.connectFailures++
    this.#onConnectFailure(backend, failure)
  }

  /** True if a new flow may be given to the session's backend. */
  mayTakeFlows(session: number): boolean {
    const backend = this.backendOf(session)
    return backend.eligible && backend.service.backends.includes(backend)
  }

  /**
   * Moves a half-open session to another backend; false when there is none to try, or enough have been.
   * @param isPending true if the backend that it leaves has not answered
   */
  moveOn(session: number, isPending: boolean): boolean {
    const tries = this.#sessions.tries(session) + 1
    if (tries >= TRIES_MAX) return false
    const before = this.backendOf(session)
    // Of two that have failed the earlier one is kept with the SYN; a flow whose SYN is not kept may meet it again.
    const slot = this.#sessions.synSlot(session)
    const next = this.#another(session, before, slot === NONE ? NONE : this.#syns.note(slot))
    const port = this.#sessions.natPort(session)
    if (next === undefined) return false
    const nextPort = next.ports.allocate(session)
    if (nextPort === NONE) return false
    if (isPending) this.#onAbandoned(session)
    this.#bindTo(session, next, nextPort)
    if (slot !== NONE) this.#syns.setNote(slot, before.number)
    this.#sessions.setTries(session, tries)
    before.ports.release(port)
    if (--before.sessions === 0) this.#services.freeIfUnused(before)
    this.#counters.connectRetries++
    return true
  }

  /**
   * Gives a UDP flow another backend: a new session with it takes the place of `session`, which goes on translating what its
   * backend still sends. Limits on new flows do not hold, since the flow is none.
   * @param hasFailed true if the backend has refused the flow; the policy could choose it again
   * @returns the new session, or -1 if there is no other backend, no room, or if enough backends have refused
   */
  moveUdp(session: number, hasFailed: boolean, now: number): number {
    const sessions = this.#sessions
    const tries = sessions.ageMs(session, now) < UDP_TRIES_REST_MS ? sessions.tries(session) + 1 : 1
    if (hasFailed && tries >= TRIES_MAX) return NONE
    const before = this.backendOf(session)
    const { service } = before
    const next = hasFailed
      ? this.#another(session, before, NONE)
      : this.#choose(service, sessions.clientAddress(session), sessions.clientPort(session))
    if (next === undefined || next.ports.isExhausted || sessions.size >= this.#nat.maxSessions) return NONE
    sessions.detach(session, now)
    const added = sessions.add(
      sessions.clientAddress(session),
      sessions.clientPort(session),
      sessions.vipAddress(session),
      sessions.vipPort(session),
      sessions.protocol(session),
      SessionState.UDP,
      now,
    )
    this.#bind(added, next)
    if (hasFailed) sessions.setTries(added, tries)
    service.newFlows++
    service.sessions++
    if (service.isInPanic) service.flowsInPanic++
    this.#counters.udpFlowsMoved++
    return added
  }

  /**
   * Gives a session another source port towards the same backend, because the machine uses the one that it has. Returns false
   * if no other port is free, or if a half-open session has tried ports for too long.
   */
  changePort(session: number, now: number): boolean {
    const sessions = this.#sessions
    const isOpening = sessions.state(session) === SessionState.SYN_SEEN
    if (isOpening && sessions.ageMs(session, now) >= CONNECT_TIMEOUT_MS) return false
    const backend = this.backendOf(session)
    const before = sessions.natPort(session)
    const port = backend.ports.allocateUnblocked(session)
    if (port === NONE) return false
    sessions.bind(session, backend.address, backend.port, port, backend.number)
    backend.ports.block(before)
    return true
  }

  remove(session: number): void {
    if (this.#sessions.state(session) === SessionState.SYN_SEEN) this.#onAbandoned(session)
    this.dropSyn(session)
    const backend = this.backendOf(session)
    backend.ports.release(this.#sessions.natPort(session))
    backend.service.sessions--
    this.#sessions.remove(session)
    if (--backend.sessions === 0) this.#services.freeIfUnused(backend)
  }

  backendOf(session: number): ServiceBackend {
    return this.#services.backend(this.#sessions.backend(session))
  }

  /** The policy's choice for a new flow. */
  #choose(service: Service, client: number, clientPort: number): ServiceBackend | undefined {
    this.#flow.clientAddress = client
    this.#flow.clientPort = clientPort
    return service.backends[service.spec.policy.pick(this.#flow, service)]
  }

  /**
   * Another backend for a flow, one that has not failed it yet. Not the policy's choice, which would be the same again for those that hash: each flow has
   * an order of its own, so that what a dead backend refuses is spread over all others.
   */
  #another(session: number, failed: ServiceBackend, failedBefore: number): ServiceBackend | undefined {
    const { backends } = failed.service
    const sessions = this.#sessions
    const isUntried = (backend: ServiceBackend): boolean =>
      backend.eligible && backend !== failed && backend.number !== failedBefore
    if (failed.service.spec.policy.usesOrder) return backends.find(isUntried)
    const start = murmur3(
      sessions.clientAddress(session),
      0,
      sessions.clientPort(session),
      0,
      0,
      sessions.tries(session),
    )
    let others = 0
    for (const backend of backends) if (isUntried(backend)) others++
    let turn = others === 0 ? NONE : start % others
    return backends.find((backend) => isUntried(backend) && turn-- === 0)
  }

  #bind(session: number, backend: ServiceBackend): boolean {
    const port = backend.ports.allocate(session)
    if (port === NONE) return false
    this.#bindTo(session, backend, port)
    return true
  }

  #bindTo(session: number, backend: ServiceBackend, port: number): void {
    this.#sessions.bind(session, backend.address, backend.port, port, backend.number)
    backend.sessions++
    backend.newFlows++
  }

  /** Evicts a session if a new one needs its place: the oldest of its kind goes first. */
  #makeRoom(isTcp: boolean): void {
    const sessions = this.#sessions
    let victim = NONE
    if (isTcp && sessions.sizeOfClass(TimeoutClass.SYN) >= this.#halfOpenMax) victim = sessions.oldest(TimeoutClass.SYN)
    else if (sessions.size >= this.#nat.maxSessions)
      for (let i = 0; i < EVICTED_FIRST.length && victim === NONE; i++) victim = sessions.oldest(EVICTED_FIRST[i]!)
    if (victim === NONE) return
    this.#counters.sessionsEvicted++
    this.remove(victim)
  }

  #refuse(cause: LbDropCause): number {
    this.refusal = cause
    return NONE
  }
}
