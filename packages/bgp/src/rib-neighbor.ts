import { type Prefix, prefixCovers } from '@fivetuple/packet'
import { Community } from './constants.js'
import type { PathAttributes } from './path-attributes.js'

/** A neighbour as the RIB sees it. */
export interface RibNeighbor {
  readonly name: string
  /**
   * Its address, an unsigned 32-bit number, no other neighbour's: breaks ties, and orders equal
   * paths.
   */
  readonly address: number
  /**
   * Its AS number, with which the AS_PATH of each of its announcements must begin (RFC 4271 §6.3).
   */
  readonly as: number
  /**
   * True if packets can be sent to it. Its paths are preferred to all paths of neighbours for which
   * this is false.
   */
  readonly forwards: boolean
  /** What it may announce: these prefixes and more specific ones. */
  readonly allowedPrefixes: readonly Prefix[]
  /** Most prefixes taken from it. */
  readonly prefixLimit: number
}

/** Whether a neighbour may announce a prefix. */
export function mayAnnounce(neighbor: RibNeighbor, prefix: Prefix): boolean {
  return neighbor.allowedPrefixes.some((allowed) => prefixCovers(allowed, prefix))
}

/** Whether a path's neighbour is about to take it away (RFC 8326 §3). */
export function isDraining({ communities }: PathAttributes): boolean {
  return communities.includes(Community.GRACEFUL_SHUTDOWN)
}
