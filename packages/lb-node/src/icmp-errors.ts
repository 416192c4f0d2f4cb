import { type FiveTuple, ipv4TotalLength, readIcmpError } from '@fivetuple/packet'
import type { LbDrops } from './counters.js'
import type { LocalHost } from './local-host.js'
import { translateIcmpError } from './nat/icmp-translation.js'
import type { SessionTable } from './nat/session-table.js'
import { SessionState } from './nat/tcp-tracking.js'
import type { ServiceTable } from './service-table.js'

const NONE = -1

/** ICMP errors about packets of sessions, in both directions. */
export class IcmpErrors {
  readonly #bip: number
  readonly #local: LocalHost | undefined
  readonly #sessions: SessionTable
  readonly #services: ServiceTable
  readonly #drops: LbDrops
  readonly #retry: (session: number) => boolean

  /** @param retry gives a half-open session whose backend can't be reached to another one; false: there is none */
  constructor(
    bip: number,
    local: LocalHost | undefined,
    sessions: SessionTable,
    services: ServiceTable,
    drops: LbDrops,
    retry: (session: number) => boolean,
  ) {
    this.#bip = bip
    this.#local = local
    this.#sessions = sessions
    this.#services = services
    this.#drops = drops
    this.#retry = retry
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
    const offending = readIcmpError(b, o)?.offending
    if (offending?.sourceAddress === this.#bip && this.#isConsumedHere(b, o, offending, now)) return false
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

  /** Whether an ICMP error about a packet from the BIP is for this node: for a health check, or for a SYN tried elsewhere. */
  #isConsumedHere(b: Uint8Array, o: number, offending: FiveTuple, now: number): boolean {
    const local = this.#local
    const { destinationAddress, destinationPort, sourcePort, protocol } = offending
    if (local?.owns(sourcePort)) {
      local.receive(b, o, o + ipv4TotalLength(b, o), now)
      return true
    }
    const session = this.#services.sessionOf(destinationAddress, destinationPort, sourcePort, protocol)
    const isOpening = session !== NONE && this.#sessions.state(session) === SessionState.SYN_SEEN
    return isOpening && this.#retry(session)
  }
}
