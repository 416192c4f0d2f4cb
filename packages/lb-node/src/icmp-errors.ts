import {
  type IcmpError,
  IcmpType,
  IpProtocol,
  ipv4TotalLength,
  readIcmpError,
  UnreachableCode,
} from '@fivetuple/packet'
import type { LbDrops } from './counters.js'
import type { ConnectFailure } from './flow-opener.js'
import type { LocalHost } from './local-host.js'
import { translateIcmpError } from './nat/icmp-translation.js'
import type { SessionTable } from './nat/session-table.js'
import type { ServiceTable } from './service-table.js'

const NONE = -1

/**
 * Called for each ICMP error about a session's packet towards its backend.
 * @returns true if the flow is with another backend now; else the client gets the error
 */
export type OnUnreachable = (session: number, failure: ConnectFailure, now: number) => boolean

/** ICMP errors about packets of sessions, in both directions. */
export class IcmpErrors {
  readonly #bip: number
  readonly #local: LocalHost | undefined
  readonly #sessions: SessionTable
  readonly #services: ServiceTable
  readonly #drops: LbDrops
  readonly #onUnreachable: OnUnreachable

  constructor(
    bip: number,
    local: LocalHost | undefined,
    sessions: SessionTable,
    services: ServiceTable,
    drops: LbDrops,
    onUnreachable: OnUnreachable,
  ) {
    this.#bip = bip
    this.#local = local
    this.#sessions = sessions
    this.#services = services
    this.#drops = drops
    this.#onUnreachable = onUnreachable
  }

  /** Translates the error in the packet at `o` towards the backend that it is about; false when it goes nowhere. */
  toBackend(b: Uint8Array, o: number): boolean {
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

  /** Translates the error in the packet at `o` towards the client that it is about; false when it goes nowhere. */
  toClient(b: Uint8Array, o: number, now: number): boolean {
    const error = readIcmpError(b, o)
    if (error?.offending.sourceAddress === this.#bip && this.#isConsumedHere(b, o, error, now)) return false
    const refused = translateIcmpError(b, o, (quoted) => {
      // The complaint is about a packet that went from BIP to the backend.
      const session =
        quoted.sourceAddress === this.#bip
          ? this.#services.sessionOf(
              quoted.destinationAddress,
              quoted.destinationPort,
              quoted.sourcePort,
              quoted.protocol,
            )
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
    if (refused !== undefined) this.#drops[refused]++
    return refused === undefined
  }

  /** True if an ICMP error about a packet from the BIP is for this node: for a health check, or about a flow that is tried elsewhere. */
  #isConsumedHere(b: Uint8Array, o: number, { type, code, offending }: IcmpError, now: number): boolean {
    const local = this.#local
    const { destinationAddress, destinationPort, sourcePort, protocol } = offending
    if (local?.owns(sourcePort)) {
      local.receive(b, o, o + ipv4TotalLength(b, o), now)
      return true
    }
    const session = this.#services.sessionOf(destinationAddress, destinationPort, sourcePort, protocol)
    if (session === NONE) return false
    // That a TTL has run out on the way says nothing of a backend.
    const isUnreachable = type === IcmpType.DESTINATION_UNREACHABLE
    if (!isUnreachable && protocol === IpProtocol.UDP) return false
    return this.#onUnreachable(session, isUnreachable && code === UnreachableCode.PORT ? 'refused' : 'unreachable', now)
  }
}
