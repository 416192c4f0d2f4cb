import { hostPrefix, parsePrefix } from '@fivetuple/packet'
import { Speaker } from '@fivetuple/speaker'
import type { AddressTable } from './address-table.js'
import type { LbConfig } from './config.js'

/** An LB has two neighbours, one for each cable. */
export const UPLINK = 'uplink'
export const DOWNLINK = 'downlink'

/** Anything may come from a switch: LBs have no other way out. */
const ANY_PREFIX = parsePrefix('0.0.0.0/0')!
/** A switch announces what lies behind it, which is few prefixes; this only stops a mistake from filling memory. */
const PREFIX_LIMIT = 10_000

export interface RoutingEvents {
  readonly onSession: (neighbor: string, state: string, reason: string | undefined) => void
}

/**
 * The routing module of an LB (claim C11): one BGP session to each switch. It announces the addresses of the interface to
 * the uplink switch and the BIP to the downlink switch, and follows the interface's changes by itself.
 */
export function createRouting(
  config: LbConfig,
  routerId: number,
  bip: number,
  addresses: AddressTable,
  { onSession }: RoutingEvents,
): Speaker {
  const { bgp } = config
  const nextHop = bgp.nextHop === null ? {} : { nextHop: bgp.nextHop }
  const neighbor = (name: string, { address, as }: { address: string; as: number }) => ({
    name,
    address,
    port: bgp.port,
    as,
    passive: false,
    allowedPrefixes: [ANY_PREFIX],
    prefixLimit: PREFIX_LIMIT,
    linkUp: false,
    ...nextHop,
  })
  const speaker = new Speaker({
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
  speaker.announce(DOWNLINK, { prefix: hostPrefix(bip) })
  for (const address of addresses.list()) speaker.announce(UPLINK, { prefix: hostPrefix(address) })
  addresses.watch(({ address, present }) => {
    if (present) speaker.announce(UPLINK, { prefix: hostPrefix(address) })
    else speaker.withdraw(UPLINK, hostPrefix(address))
  })
  return speaker
}
