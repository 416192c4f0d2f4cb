import { SessionEvent } from '@fivetuple/flow-records'
import { IpProtocol } from '@fivetuple/packet'
import type { NatConfig } from '../config.js'
import type { Capacity } from './capacity.js'
import type { ConnectAttempts } from './connect-attempts.js'
import { TRIES_MAX } from './connect-step.js'
import type { LbCounters, LbDropCause } from './counters.js'
import type { SessionTable } from './nat/session-table.js'
import { SessionState, TimeoutClass } from './nat/tcp-tracking.js'
import type { Service, ServiceBackend } from './service.js'
import type { ServiceTable } from './service-table.js'
import type { SessionRecorder } from './session-recorder.js'
import { untriedBackend } from './untried-backend.js'

const NONE = -1
/**
 * Share of the table that half-open flows may take: a SYN flood then throws out its own kind, not
 * what is established.
 */
const HALF_OPEN_SHARE = 1 / 4
/** Of what makes room in a full table, in this order. An open TCP session never does. */
const EVICTED_FIRST = [TimeoutClass.CLOSED, TimeoutClass.SYN, TimeoutClass.UDP]
/** A UDP flow may try as many backends again after this time. */
const UDP_TRIES_REST_MS = 1_000

/**
 * The load-balancing module of an LB (claim C11): admits new flows or refuses them, and gives each
 * a backend and a source port. UDP flows get another backend here; TCP flows do in {@link
 * ConnectAttempts}.
 */
export class FlowOpener {
  readonly #sessionsMax: number
  /** Most sessions now: fewer than configured while a fault limits them. */
  #usableSessions: number
  readonly #halfOpenMax: number
  readonly #sessions: SessionTable
  readonly #services: ServiceTable
  readonly #counters: LbCounters
  readonly #capacity: Capacity
  readonly #attempts: ConnectAttempts
  readonly #recorder: SessionRecorder | undefined
  /** Flow as a policy sees it. Reused for each flow, so that none is allocated. */
  readonly #flow = { clientAddress: 0, clientPort: 0 }
  /** Cause for which the last {@link open} returned no session. */
  refusal: LbDropCause = 'no-service'

  constructor(
    nat: NatConfig,
    sessions: SessionTable,
    services: ServiceTable,
    counters: LbCounters,
    capacity: Capacity,
    attempts: ConnectAttempts,
    recorder?: SessionRecorder,
  ) {
    this.#sessionsMax = nat.maxSessions
    this.#usableSessions = nat.maxSessions
    this.#halfOpenMax = Math.max(Math.floor(nat.maxSessions * HALF_OPEN_SHARE), 1)
    this.#sessions = sessions
    this.#services = services
    this.#counters = counters
    this.#capacity = capacity
    this.#attempts = attempts
    this.#recorder = recorder
  }

  /**
   * Makes a session for the first packet of a flow; -1 when it is turned away, and {@link refusal}
   * says why.
   */
  open(service: Service, client: number, clientPort: number, now: number): number {
    const { spec } = service
    const isTcp = spec.protocol === IpProtocol.TCP
    // The limits of the service come first, so that a flow over them costs the others nothing.
    if (service.sessions >= (spec.limits?.maxSessions ?? Number.POSITIVE_INFINITY))
      return this.#refuse('service-sessions')
    if (service.newFlowRate?.take(now) === false) return this.#refuse('service-flow-rate')
    if (!this.#capacity.takeNewFlow(now)) return this.#refuse('over-capacity')
    const backend = this.#choose(service, client, clientPort)
    if (backend === undefined) return this.#refuse('no-backend')
    // Eviction of one session makes room only in a table that is just full.
    if (this.#sessions.size > this.#usableSessions) return this.#refuse('table-full')
    this.#makeRoom(isTcp)
    if (this.#sessions.size >= this.#usableSessions) return this.#refuse('table-full')
    const state = isTcp ? SessionState.SYN_SEEN : SessionState.UDP
    const session = this.#sessions.add(client, spec.address, clientPort, spec.port, spec.protocol, state, now)
    if (session === NONE) return this.#refuse('table-full')
    if (!this.#bind(session, backend)) {
      this.#sessions.remove(session)
      return this.#refuse('port-exhausted')
    }
    if (isTcp && spec.clientAddress === 'toa') this.#sessions.setCarriesClient(session, true)
    service.newFlows++
    service.sessions++
    if (service.isInPanic) service.flowsInPanic++
    this.#recorder?.begin(session)
    return session
  }

  /**
   * Gives a UDP flow another backend: a new session with it takes the place of `session`, which
   * goes on translating what its backend still sends. Limits on new flows do not hold, since the
   * flow is none.
   * @param hasFailed true if the backend has refused the flow; the policy could choose it again
   * @returns the new session, or -1 if there is no other backend, no room, or if enough backends
   * have refused
   */
  moveUdp(session: number, hasFailed: boolean, now: number): number {
    const sessions = this.#sessions
    const tries = sessions.ageMs(session, now) < UDP_TRIES_REST_MS ? sessions.tries(session) + 1 : 1
    if (hasFailed && tries >= TRIES_MAX) return NONE
    const before = this.backendOf(session)
    const { service } = before
    const next = hasFailed
      ? untriedBackend(sessions, session, before, NONE)
      : this.#choose(service, sessions.clientAddress(session), sessions.clientPort(session))
    if (next === undefined || next.ports.isExhausted || sessions.size >= this.#usableSessions) return NONE
    this.#recorder?.end(session, SessionEvent.REPLACED)
    sessions.detach(session, now)
    const added = sessions.add(
      sessions.clientAddress(session),
      sessions.vipAddress(session),
      sessions.clientPort(session),
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
    this.#recorder?.begin(added)
    return added
  }

  /**
   * Limits the sessions: a fault, as if the table were smaller. Those above the limit stay.
   *
   * @param usable null: as configured
   */
  limitSessions(usable: number | null): void {
    this.#usableSessions = Math.min(usable ?? this.#sessionsMax, this.#sessionsMax)
  }

  /**
   * Removes a session: its port and its place in the table are free again.
   * @param end its end in the records of flows, unless it has ended before
   */
  remove(session: number, end: SessionEvent): void {
    this.#recorder?.end(session, end)
    this.#attempts.abandon(session)
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

  #bind(session: number, backend: ServiceBackend): boolean {
    const port = backend.ports.allocate(session)
    if (port === NONE) return false
    this.#sessions.bind(session, backend.address, backend.port, port, backend.number)
    backend.sessions++
    backend.newFlows++
    return true
  }

  /** Evicts a session if a new one needs its place: the oldest of its kind goes first. */
  #makeRoom(isTcp: boolean): void {
    const sessions = this.#sessions
    let victim = NONE
    if (isTcp && sessions.sizeOfClass(TimeoutClass.SYN) >= this.#halfOpenMax) victim = sessions.oldest(TimeoutClass.SYN)
    else if (sessions.size >= this.#usableSessions)
      for (let i = 0; i < EVICTED_FIRST.length && victim === NONE; i++) victim = sessions.oldest(EVICTED_FIRST[i]!)
    if (victim === NONE) return
    this.#counters.sessionsEvicted++
    this.remove(victim, SessionEvent.EVICTED)
  }

  #refuse(cause: LbDropCause): number {
    this.refusal = cause
    return NONE
  }
}
