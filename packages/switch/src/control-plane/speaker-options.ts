import { parseIpv4, parsePrefix } from '@fivetuple/packet'
import type { SpeakerNeighbor, SpeakerOptions } from '@fivetuple/speaker'
import type { SwitchConfig, SwitchNeighborConfig } from '../config.js'

/**
 * Returns the configured BGP sessions of a switch. A neighbour with a port dials the switch, its
 * session starts with the carrier of its cable, and packets are forwarded to it.
 */
export function speakerOptions({
  address,
  bgp,
}: Pick<SwitchConfig, 'address' | 'bgp'>): Omit<SpeakerOptions, 'onRoutes'> {
  return {
    localAddress: address,
    port: bgp.port,
    as: bgp.as,
    routerId: parseIpv4(address)!,
    holdTime: bgp.holdTime,
    listen: true,
    neighbors: bgp.neighbors.map(neighborOptions),
  }
}

function neighborOptions(neighbor: SwitchNeighborConfig): SpeakerNeighbor {
  const { name, address, port, as, holdTime, nextHop, portId, prefixLimit } = neighbor
  const hasPort = portId !== null
  return {
    name,
    address,
    port,
    as,
    holdTime,
    prefixLimit,
    passive: hasPort || neighbor.passive,
    forwards: hasPort,
    ...(nextHop === null ? {} : { nextHop }),
    allowedPrefixes: neighbor.allowedPrefixes.map((text) => parsePrefix(text)!),
    linkUp: !hasPort,
  }
}
