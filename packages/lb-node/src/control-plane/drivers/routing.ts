import { hostPrefix, parsePrefix } from '@fivetuple/packet'
import { type Dial, Speaker, type SpeakerSession } from '@fivetuple/speaker'
import type { LbConfig } from '../../config.js'
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

export interface RoutingEvents {
  readonly onSession: (neighbor: string, state: string, reason: string | undefined) => void
  /** Opens connections over the link to a neighbour. */
  readonly dialOver: (neighbor: typeof UPLINK | typeof DOWNLINK) => Dial
}

/**
 * The routing module of an LB (claim C11): one BGP session to each switch. It announces the
 * addresses of the interface to the uplink switch and the BIP to the downlink switch, and follows
 * the interface's changes by itself.
 */
export class Routing {
  readonly #addresses: AddressTable
  readonly #speaker: Speaker
  #draining: boolean
  /** Addresses that take no new flows, while the others do. */
  readonly #drained = new Set<number>()

  constructor(
    config: LbConfig,
    routerId: number,
    bip: number,
    addresses: AddressTable,
    { onSession, dialOver }: RoutingEvents,
  ) {
    const { bgp } = config
    const nextHop = bgp.nextHop === null ? {} : { nextHop: bgp.nextHop }
    const neighbor = (name: typeof UPLINK | typeof DOWNLINK, { address, as }: { address: string; as: number }) => ({
      name,
      address,
      port: bgp.port,
      as,
      passive: false,
      allowedPrefixes: [ANY_PREFIX],
      prefixLimit: PREFIX_LIMIT,
      linkUp: false,
      dial: dialOver(name),
      ...nextHop,
    })
    this.#addresses = addresses
    this.#draining = config.draining
    this.#speaker = new Speaker({
      localAddress: config.address,
      port: bgp.port,
      as: bgp.as,
      routerId,
      holdTime: bgp.holdTime,
      listen: false,
      neighbors: [neighbor(UPLINK, bgp.uplink), neighbor(DOWNLINK, bgp.downlink)],
      onRoutes: () => {}, // an LB has one way up and one way down: its cables decide, not a table
      onSession,
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

  start(): Promise<void> {
    return this.#speaker.start()
  }

  stop(): Promise<void> {
    return this.#speaker.stop()
  }

  /** Says whether the cable to a switch has a carrier. */
  setLink(neighbor: typeof UPLINK | typeof DOWNLINK, isUp: boolean): void {
    this.#speaker.setLink(neighbor, isUp)
  }

  sessions(): SpeakerSession[] {
    return this.#speaker.sessions()
  }

  #announce(address: number): void {
    const prefix = hostPrefix(address)
    this.#speaker.announce(
      UPLINK,
      this.#draining || this.#drained.has(address) ? { prefix, communities: [GRACEFUL_SHUTDOWN] } : { prefix },
    )
  }
}
