import { decrementTtl, type PacketOutput, rewriteEndpoints } from '@fivetuple/packet'
import type { AttemptSender } from './connect-attempts.js'
import type { LbCounters } from './counters.js'
import type { MemberLinks } from './member-links.js'
import { eraseClientAddress, insertClientAddress } from './nat/client-address-option.js'
import type { SessionTable } from './nat/session-table.js'
import { KEPT_SYN_BYTES, type SynStore } from './nat/syn-store.js'
import { SegmentKind } from './nat/tcp-tracking.js'
import type { OutgoingRun } from './outgoing-run.js'
import type { Replier } from './reply.js'
import type { ServiceTable } from './service-table.js'

/**
 * Translation of packets towards the backends of their sessions: addresses, ports, and what
 * backends learn of clients.
 */
export class BackendTranslation implements AttemptSender {
  readonly #bip: number
  readonly #sessions: SessionTable
  readonly #services: ServiceTable
  readonly #counters: LbCounters
  readonly #replier: Replier
  readonly #run: OutgoingRun
  readonly #downlink: PacketOutput
  readonly #memberLinks: MemberLinks
  /** Buffer in which a SYN that is sent once more is translated. */
  readonly #syn = new Uint8Array(KEPT_SYN_BYTES)

  constructor(
    bip: number,
    sessions: SessionTable,
    services: ServiceTable,
    counters: LbCounters,
    replier: Replier,
    run: OutgoingRun,
    downlink: PacketOutput,
    memberLinks: MemberLinks,
  ) {
    this.#bip = bip
    this.#sessions = sessions
    this.#services = services
    this.#counters = counters
    this.#replier = replier
    this.#run = run
    this.#downlink = downlink
    this.#memberLinks = memberLinks
  }

  /**
   * Rewrites a packet in place so that it goes to the session's backend; false if it had to be
   * written anew, and was.
   */
  translate(b: Uint8Array, o: number, end: number, session: number, kind: number): boolean {
    const sessions = this.#sessions
    decrementTtl(b, o)
    rewriteEndpoints(
      b,
      o,
      this.#bip,
      sessions.backendAddress(session),
      sessions.natPort(session),
      sessions.backendPort(session),
    )
    return kind !== SegmentKind.SYN || !this.#passClientInSyn(b, o, end, session)
  }

  /**
   * Writes a packet with the client's endpoint, and the VIP's, in TCP options; false if there is no
   * room.
   */
  insertClient(b: Uint8Array, o: number, end: number, session: number, withVip: boolean): boolean {
    const sessions = this.#sessions
    this.#run.sendUpTo(b, o) // packets keep their order
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

  sendSyn(session: number, syns: SynStore, slot: number): void {
    const syn = this.#syn
    const length = syns.length(slot)
    syns.copyTo(slot, syn, 0)
    if (this.translate(syn, 0, length, session, SegmentKind.SYN)) this.#downlink.writeCopy(syn, 0, length)
  }

  sendReset(session: number, sequence: number, memberLink: number): void {
    const sessions = this.#sessions
    this.#run.sendBeforeCurrent() // the SYN may be in it
    const { selected } = this.#memberLinks
    this.#memberLinks.select(memberLink)
    this.#replier.resetFrom(
      this.#bip,
      sessions.backendAddress(session),
      sessions.natPort(session),
      sessions.backendPort(session),
      sequence,
      this.#downlink,
    )
    this.#memberLinks.select(selected)
  }

  /**
   * Puts the client's endpoint into a SYN for backends that are to have it. Returns true if it has
   * written the packet.
   */
  #passClientInSyn(b: Uint8Array, o: number, end: number, session: number): boolean {
    const { clientAddress } = this.#services.backend(this.#sessions.backend(session)).service.spec
    if (clientAddress === undefined || clientAddress === 'none') {
      eraseClientAddress(b, o)
      return false
    }
    if (this.insertClient(b, o, end, session, clientAddress === 'proxy-v2')) return true
    this.#counters.clientAddressesOmitted++
    return false
  }
}
