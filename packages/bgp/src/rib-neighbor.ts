import { type Prefix, prefixCovers } from '@fivetuple/packet'
import { Community } from './constants.js'
import type { PathAttributes } from './path-attributes.js'

/** Neighbour as the RIB sees it. */
export interface RibNeighbor {
  readonly name: string
  /**
   * Its address, an unsigned 32-bit number that no other neighbour has. It breaks ties, and orders
   * equal paths.
   */
  readonly address: number
  /** Its AS number. The AS_PATH of each of its announcements must begin with it (RFC 4271 §6.3). */
  readonly as: number
  /**
   * True if packets can be sent to it. Its paths are preferred to all paths of neighbours for which
   * this is false.
   */
  readonly forwards: boolean
  /** Prefixes that it may announce, more specific ones included. */
  readonly allowedPrefixes: readonly Prefix[]
  /** Largest number of prefixes accepted from it. */
  readonly prefixLimit: number
}

/** Returns true if a neighbour may announce a prefix. */
export function mayAnnounce(neighbor: RibNeighbor, prefix: Prefix): boolean {
  return neighbor.allowedPrefixes.some((allowed) => prefixCovers(allowed, prefix))
}

/** Returns true if a path's neighbour is about to withdraw it (RFC 8326 §3). */
export function isDraining({ communities }: PathAttributes): boolean {
  return communities.includes(Community.GRACEFUL_SHUTDOWN)
}
