import type { BfdPeer } from '@fivetuple/speaker'
import type { SwitchNeighborConfig } from '../config.js'

/**
 * Returns the peers of the BFD sessions of a switch. The session of a neighbour with a port starts
 * with the carrier of its cable.
 */
export function bfdPeers(neighbors: readonly SwitchNeighborConfig[]): BfdPeer[] {
  return neighbors.flatMap(({ name, address, portId, bfd }) =>
    bfd === undefined ? [] : [{ name, address, linkUp: portId === null, ...bfd }],
  )
}
