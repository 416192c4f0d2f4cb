import { type ConnectEvent, connectStep, isLastTry } from './connect-step.js'
import type { LbCounters } from './counters.js'
import type { SessionTable } from './nat/session-table.js'
import { SynStore } from './nat/syn-store.js'
import { SessionState } from './nat/tcp-tracking.js'
import type { ServiceBackend } from './service.js'
import type { ServiceTable } from './service-table.js'
import type { SessionRecorder } from './session-recorder.js'
import { untriedBackend } from './untried-backend.js'

const NONE = -1

/** Reason why a backend did not take a new flow. */
export type ConnectFailure = 'refused' | 'timeout' | 'unreachable'

/** Called for each new flow that a backend did not take, if another one could be tried or not. */
export type OnConnectFailure = (backend: ServiceBackend, failure: ConnectFailure) => void

/** Packets that an attempt sends to backends. */
export interface AttemptSender {
  /** Sends a client's SYN to the backend of its session. `copy` writes it to `b[0, length)`. */
  sendSyn(session: number, syns: SynStore, slot: number): void
  /**
   * Sends RST with a sequence number to the backend of a session, by a member link of the cable.
   */
  sendReset(session: number, sequence: number, memberLink: number): void
}

/**
 * The attempts of half-open TCP sessions to connect to a backend: all that happens between a
 * client's first SYN and the response to it. {@link connectStep} decides; here backends and ports
 * are changed, and SYNs sent again.
 */
export class ConnectAttempts {
  readonly #sessions: SessionTable
  readonly #services: ServiceTable
  readonly #counters: LbCounters
  readonly #sender: AttemptSender
  readonly #onFailure: OnConnectFailure
  readonly #recorder: SessionRecorder | undefined
  readonly #syns = new SynStore()

  constructor(
    sessions: SessionTable,
    services: ServiceTable,
    counters: LbCounters,
    sender: AttemptSender,
    onFailure: OnConnectFailure,
    recorder?: SessionRecorder,
  ) {
    this.#sessions = sessions
    this.#services = services
    this.#counters = counters
    this.#sender = sender
    this.#onFailure = onFailure
    this.#recorder = recorder
  }

  /**
   * Begins with the SYN `b[o, end)` of a new session, as the client sent it: a copy is kept in case
   * it has to be sent again.
   * @param memberLink the member link of the cable that it came by
   */
  begin(session: number, b: Uint8Array, o: number, end: number, memberLink: number): void {
    this.#sessions.setSynSlot(session, this.#syns.keep(b, o, end, memberLink))
  }

  /**
   * Ends the attempt: backend or client have sent something else than the SYN, or there is no
   * connection to take back.
   */
  settle(session: number): void {
    const slot = this.#sessions.synSlot(session)
    if (slot === NONE) return
    this.#syns.release(slot)
    this.#sessions.setSynSlot(session, NONE)
  }

  /**
   * Ends the attempt of a session that is removed: the backend's side may still be opening the
   * connection.
   */
  abandon(session: number): void {
    if (this.#sessions.state(session) === SessionState.SYN_SEEN) this.#resetBackend(session)
    this.settle(session)
  }

  /**
   * The client has repeated its SYN: the session has another backend if its own is overdue or may
   * take no flows.
   */
  onRepeatedSyn(session: number, now: number): void {
    const step = this.#step('repeated', session, now)
    if (step === 'wait') return
    if (step === 'leave-after-timeout') this.reportFailure(session, 'timeout')
    this.#moveOn(session, true)
  }

  /**
   * The backend has not taken the SYN. Returns true if another one has it now; else the client is
   * to be informed.
   */
  onFailure(session: number, failure: ConnectFailure, now: number): boolean {
    this.reportFailure(session, failure)
    if (this.#step('failed', session, now) !== 'retry' || !this.#moveOn(session, false)) return false
    this.#sendAgain(session)
    this.#counters.drops.retried++
    return true
  }

  /**
   * The machine uses the session's source port: it gets another one, towards the same backend.
   * Returns false if no other port is free, or if a half-open session has tried ports for too long;
   * then the client is to be informed.
   */
  onPortInUse(session: number, now: number): boolean {
    const sessions = this.#sessions
    const isOpening = sessions.state(session) === SessionState.SYN_SEEN
    if (isOpening && this.#step('port-in-use', session, now) !== 'change-port') return false
    const backend = this.#backendOf(session)
    const before = sessions.natPort(session)
    const port = backend.ports.allocateUnblocked(session)
    if (port === NONE) return false
    sessions.bind(session, backend.address, backend.port, port, backend.number)
    backend.ports.block(before)
    this.#recorder?.begin(session)
    if (isOpening) this.#sendAgain(session)
    return true
  }

  /** Counts and reports that the session's backend has not taken a flow. */
  reportFailure(session: number, failure: ConnectFailure): void {
    const backend = this.#backendOf(session)
    backend.connectFailures++
    this.#onFailure(backend, failure)
  }

  #step(event: ConnectEvent, session: number, now: number): ReturnType<typeof connectStep> {
    const sessions = this.#sessions
    const { isListed, eligible } = this.#backendOf(session)
    const hasSyn = sessions.synSlot(session) !== NONE
    return connectStep(event, sessions.tries(session), sessions.ageMs(session, now), isListed && eligible, hasSyn)
  }

  /**
   * Moves a half-open session to another backend; false when there is none to try, or enough have
   * been.
   * @param isPending true if the backend that it leaves has not responded
   */
  #moveOn(session: number, isPending: boolean): boolean {
    const sessions = this.#sessions
    const tries = sessions.tries(session)
    if (isLastTry(tries)) return false
    const before = this.#backendOf(session)
    // Of two that have failed the earlier one is kept with the SYN; a flow whose SYN is not kept
    // may meet it again.
    const slot = sessions.synSlot(session)
    const next = untriedBackend(sessions, session, before, slot === NONE ? NONE : this.#syns.failedBackend(slot))
    if (next === undefined) return false
    const port = sessions.natPort(session)
    const nextPort = next.ports.allocate(session)
    if (nextPort === NONE) return false
    if (isPending) this.#resetBackend(session)
    sessions.bind(session, next.address, next.port, nextPort, next.number)
    next.sessions++
    next.newFlows++
    if (slot !== NONE) this.#syns.setFailedBackend(slot, before.number)
    sessions.setTries(session, tries + 1)
    before.ports.release(port)
    if (--before.sessions === 0) this.#services.freeIfUnused(before)
    this.#counters.connectRetries++
    this.#recorder?.begin(session)
    return true
  }

  #sendAgain(session: number): void {
    this.#sender.sendSyn(session, this.#syns, this.#sessions.synSlot(session))
  }

  /**
   * Sends RST behind the SYN of a half-open session to its backend, so that the connection which is
   * being opened there ends. Without the kept SYN its sequence number is not known, and the
   * backend's side is left to its own timeout.
   */
  #resetBackend(session: number): void {
    const slot = this.#sessions.synSlot(session)
    if (slot === NONE) return
    this.#sender.sendReset(session, this.#syns.sequence(slot) + 1, this.#syns.memberLink(slot))
  }

  #backendOf(session: number): ServiceBackend {
    return this.#services.backend(this.#sessions.backend(session))
  }
}
