import {
  type IcmpError,
  IcmpType,
  IpProtocol,
  ipv4TotalLength,
  isAdmissionRefusal,
  isSourcePortProblem,
  readIcmpError,
  UnreachableCode,
} from '@fivetuple/packet'
import type { ConnectFailure } from './connect-attempts.js'
import type { LbDrops } from './counters.js'
import type { LocalHost } from './local-host.js'
import { translateIcmpError } from './nat/icmp-translation.js'
import type { SessionTable } from './nat/session-table.js'
import { SessionState } from './nat/tcp-tracking.js'
import { isPathProbeReply } from './path-probe.js'
import type { ServiceTable } from './service-table.js'

const NONE = -1

/** Actions on a session whose packet towards its backend an ICMP error is about. */
export interface SessionErrorHandlers {
  /**
   * A packet did not reach the backend. Returns true if the flow is with another backend now; else
   * the client gets the error.
   */
  readonly onUnreachable: (session: number, failure: ConnectFailure, now: number) => boolean
  /**
   * The machine uses the session's source port. Returns true if the session has another port now.
   */
  readonly onSourcePortInUse: (session: number, now: number) => boolean
  /**
   * The session can't be served. The error goes on to its client; the session is not needed any
   * more.
   */
  readonly onRefused: (session: number) => void
}

/** ICMP errors about packets of sessions, in both directions. */
export class IcmpErrors {
  readonly #bip: number
  readonly #local: LocalHost | undefined
  readonly #sessions: SessionTable
  readonly #services: ServiceTable
  readonly #drops: LbDrops
  readonly #handlers: SessionErrorHandlers

  constructor(
    bip: number,
    local: LocalHost | undefined,
    sessions: SessionTable,
    services: ServiceTable,
    drops: LbDrops,
    handlers: SessionErrorHandlers,
  ) {
    this.#bip = bip
    this.#local = local
    this.#sessions = sessions
    this.#services = services
    this.#drops = drops
    this.#handlers = handlers
  }

  /**
   * Translates the error in the packet at `o` towards the backend that it is about; false when it
   * goes nowhere.
   */
  toBackend(b: Uint8Array, o: number): boolean {
    const refused = translateIcmpError(b, o, (quoted) => {
      // The client complains of a packet that went from the VIP to it.
      const session = this.#sessions.find(
        quoted.destinationAddress,
        quoted.sourceAddress,
        quoted.destinationPort,
        quoted.sourcePort,
        quoted.protocol,
      )
      return session === NONE
        ? undefined
        : {
            outerSource: this.#bip,
            outerDestination: this.#sessions.backendAddress(session),
            sourceAddress: this.#sessions.backendAddress(session),
            sourcePort: this.#sessions.backendPort(session),
            destinationAddress: this.#bip,
            destinationPort: this.#sessions.natPort(session),
          }
    })
    if (refused !== undefined) this.#drops[refused]++
    return refused === undefined
  }

  /**
   * Translates the error in the packet at `o` towards the client that it is about; false when it
   * goes nowhere.
   */
  toClient(b: Uint8Array, o: number, now: number): boolean {
    if (isPathProbeReply(b, o, this.#bip)) return false // its arrival is all that it says
    const error = readIcmpError(b, o)
    if (error === undefined || error.offending.sourceAddress !== this.#bip) return this.#translateToClient(b, o, NONE)
    const { sourcePort, destinationAddress, destinationPort, protocol } = error.offending
    const local = this.#local
    if (local?.owns(sourcePort)) {
      local.receive(b, o, o + ipv4TotalLength(b, o), now)
      return false
    }
    const session = this.#services.sessionOf(destinationAddress, destinationPort, sourcePort, protocol)
    if (isSourcePortProblem(error) || isAdmissionRefusal(error)) return this.#onLocalFailure(b, o, error, session, now)
    return !this.#isElsewhere(error, session, now) && this.#translateToClient(b, o, session)
  }

  /**
   * Reports that a packet of a session did not reach its backend. Returns true if the flow is with
   * another backend now.
   */
  #isElsewhere({ type, code, offending }: IcmpError, session: number, now: number): boolean {
    if (session === NONE) return false
    // An expired TTL says nothing about the backend.
    const isUnreachable = type === IcmpType.DESTINATION_UNREACHABLE
    if (!isUnreachable && offending.protocol === IpProtocol.UDP) return false
    const failure = isUnreachable && code === UnreachableCode.PORT ? 'refused' : 'unreachable'
    return this.#handlers.onUnreachable(session, failure, now)
  }

  /** The machine of the downlink's edge, and not the backend, has refused a packet. */
  #onLocalFailure(b: Uint8Array, o: number, error: IcmpError, session: number, now: number): boolean {
    const isPort = isSourcePortProblem(error)
    this.#drops[isPort ? 'source-port-in-use' : 'edge-limit']++
    const state = session === NONE ? SessionState.CLOSED : this.#sessions.state(session)
    if (state !== SessionState.SYN_SEEN && state !== SessionState.UDP) return false
    if (isPort && this.#handlers.onSourcePortInUse(session, now)) return false
    const isSent = this.#translateToClient(b, o, session, true)
    this.#handlers.onRefused(session)
    return isSent
  }

  /**
   * @param session that the error is about, or -1
   * @param isRefusal the client hears that a limit has refused its packet, and not that there is a
   * problem with the packet
   */
  #translateToClient(b: Uint8Array, o: number, session: number, isRefusal = false): boolean {
    const refused = translateIcmpError(b, o, () =>
      session === NONE
        ? undefined
        : {
            outerSource: this.#sessions.vipAddress(session),
            outerDestination: this.#sessions.clientAddress(session),
            sourceAddress: this.#sessions.clientAddress(session),
            sourcePort: this.#sessions.clientPort(session),
            destinationAddress: this.#sessions.vipAddress(session),
            destinationPort: this.#sessions.vipPort(session),
            isRefusal,
          },
    )
    if (refused !== undefined) this.#drops[refused]++
    return refused === undefined
  }
}
