import type { PathVerdict } from '@fivetuple/bfd'
import { hostPrefix, parsePrefix } from '@fivetuple/packet'
import { monotonicClock, type Reporter } from '@fivetuple/runtime'
import {
  type BfdFilter,
  BfdSpeaker,
  type BfdSpeakerStatus,
  type Dial,
  SessionHappenings,
  Speaker,
  type SpeakerSession,
} from '@fivetuple/speaker'
import type { LbConfig } from '../../config.js'
import type { LinkSide } from '../../link-faults/names.js'
import type { AddressTable } from '../address-table.js'

/** An LB has two neighbours, one for each cable. */
export const UPLINK = 'uplink'
export const DOWNLINK = 'downlink'

/** Anything may come from a switch: LBs have no other way out. */
const ANY_PREFIX = parsePrefix('0.0.0.0/0')!
/**
 * A switch announces what lies behind it, which is few prefixes; this only stops a mistake from
 * filling memory.
 */
const PREFIX_LIMIT = 10_000

/** COMMUNITIES value 65535:0 (RFC 8326 §3). */
const GRACEFUL_SHUTDOWN = 0xffff_0000

type RestOf<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : never

export interface RoutingEvents {
  readonly onSession: (neighbor: string, state: string, reason: string | undefined) => void
  /** Opens connections over the link to a neighbour. */
  readonly dialOver: (neighbor: LinkSide) => Dial
  /** Passes BFD packets over the link to a neighbour, as a {@link BfdFilter} does. */
  readonly datagramOver: (neighbor: LinkSide, ...rest: RestOf<Parameters<BfdFilter>>) => void
  /** BFD has found that the path to a switch has failed, or works. */
  readonly onPath: (neighbor: LinkSide, isFailed: boolean, reason: string) => void
  readonly onBfdState: (neighbor: string, state: string, reason: string) => void
  readonly reporter: Reporter
}

/**
 * The routing module of an LB (claim C11): one BGP session to each switch. It announces the
 * addresses of the interface to the uplink switch and the BIP to the downlink switch, and follows
 * the interface's changes by itself.
 */
export class Routing {
  readonly #addresses: AddressTable
  readonly #speaker: Speaker
  readonly #bfd: BfdSpeaker
  readonly #reporter: Reporter
  readonly #sessions: SessionHappenings
  #draining: boolean
  /** Addresses that take no new flows, while the others do. */
  readonly #drained = new Set<number>()
  /** Addresses whose routes are not announced, although they are on the interface. */
  readonly #withheld = new Set<number>()

  constructor(config: LbConfig, routerId: number, bip: number, addresses: AddressTable, events: RoutingEvents) {
    const { bgp } = config
    const nextHop = bgp.nextHop === null ? {} : { nextHop: bgp.nextHop }
    const neighbor = (name: LinkSide, { address, as }: { address: string; as: number }) => ({
      name,
      address,
      port: bgp.port,
      as,
      passive: false,
      allowedPrefixes: [ANY_PREFIX],
      prefixLimit: PREFIX_LIMIT,
      linkUp: false,
      dial: events.dialOver(name),
      ...nextHop,
    })
    this.#addresses = addresses
    this.#draining = config.draining
    this.#reporter = events.reporter
    this.#sessions = new SessionHappenings(events.reporter, monotonicClock)
    this.#speaker = new Speaker({
      localAddress: config.address,
      port: bgp.port,
      as: bgp.as,
      routerId,
      holdTime: bgp.holdTime,
      listen: false,
      neighbors: [neighbor(UPLINK, bgp.uplink), neighbor(DOWNLINK, bgp.downlink)],
      onRoutes: () => {}, // an LB has one way up and one way down: its cables decide, not a table
      onSession: events.onSession,
      onEstablished: (neighbor) => this.#sessions.onEstablished(neighbor),
      onDown: (neighbor, detector, reason) => this.#sessions.onDown(neighbor, detector, reason),
    })
    this.#bfd = new BfdSpeaker({
      localAddress: config.address,
      peers: ([UPLINK, DOWNLINK] as const).flatMap((name) =>
        config.bfd === undefined ? [] : [{ name, address: bgp[name].address, linkUp: false, ...config.bfd }],
      ),
      filter: (name, ...datagram) => events.datagramOver(sideOf(name), ...datagram),
      onState: events.onBfdState,
      onPath: (name, path, reason) => this.#onPath(sideOf(name), path, reason, events),
    })
    this.#speaker.announce(DOWNLINK, { prefix: hostPrefix(bip) })
    for (const address of addresses.list()) this.#announce(address)
    addresses.watch(({ address, present }) => {
      if (present) this.#announce(address)
      else this.#speaker.withdraw(UPLINK, hostPrefix(address))
    })
  }

  /** True while the LB requests no new flows. */
  get draining(): boolean {
    return this.#draining
  }

  /**
   * Asks the uplink switch for no new flows, or for them again, by announcing all addresses once
   * more with or without the community of RFC 8326. The BIP's route stays as it is: what comes back
   * from backends goes on.
   */
  setDraining(draining: boolean): void {
    if (draining === this.#draining) return
    this.#draining = draining
    for (const address of this.#addresses.list()) this.#announce(address)
  }

  /** The same for one address. */
  setAddressDrained(address: number, isDrained: boolean): void {
    if (isDrained === this.#drained.has(address)) return
    if (isDrained) this.#drained.add(address)
    else this.#drained.delete(address)
    if (this.#addresses.has(address)) this.#announce(address)
  }

  /** Withdraws the route of an address that stays on the interface, or announces it again. */
  setWithheld(address: number, isWithheld: boolean): void {
    if (isWithheld) this.#withheld.add(address)
    else this.#withheld.delete(address)
    if (!this.#addresses.has(address)) return
    if (isWithheld) this.#speaker.withdraw(UPLINK, hostPrefix(address))
    else this.#announce(address)
  }

  /** Ends the session with a switch; see {@link Speaker.reset}. */
  reset(neighbor: LinkSide): boolean {
    return this.#speaker.reset(neighbor)
  }

  /** Stops to send KEEPALIVE and UPDATE to a switch, or sends them again. */
  setMuted(neighbor: LinkSide, isMuted: boolean): void {
    this.#speaker.setMuted(neighbor, isMuted)
  }

  async start(): Promise<void> {
    await Promise.all([this.#speaker.start(), this.#bfd.start()])
  }

  /** AdminDown comes first: to stop is no failure of the path. */
  async stop(): Promise<void> {
    this.#bfd.disable()
    await this.#speaker.stop()
    await this.#bfd.close()
  }

  /** Sets the carrier of the cable to a switch. @param id local id of its happening */
  setLink(neighbor: LinkSide, isUp: boolean, id: number): void {
    if (isUp) this.#sessions.onLinkUp(neighbor, id)
    this.#reporter.during(id, () => {
      this.#speaker.setLink(neighbor, isUp)
      this.#bfd.setLink(neighbor, isUp)
    })
  }

  sessions(): SpeakerSession[] {
    return this.#speaker.sessions()
  }

  bfdStatus(): BfdSpeakerStatus {
    return this.#bfd.status()
  }

  #onPath(neighbor: LinkSide, path: PathVerdict, reason: string, { onPath }: RoutingEvents): void {
    const isFailed = path === 'failed'
    this.#sessions.onPath(neighbor, path, reason, () => {
      this.#speaker.setPath(neighbor, isFailed ? reason : undefined)
      onPath(neighbor, isFailed, reason)
    })
  }

  #announce(address: number): void {
    if (this.#withheld.has(address)) return
    const prefix = hostPrefix(address)
    this.#speaker.announce(
      UPLINK,
      this.#draining || this.#drained.has(address) ? { prefix, communities: [GRACEFUL_SHUTDOWN] } : { prefix },
    )
  }
}

function sideOf(neighbor: string): LinkSide {
  return neighbor === UPLINK ? UPLINK : DOWNLINK
}
