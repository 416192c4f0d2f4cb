import { type Prefix, prefixCovers } from '@fivetuple/packet'
import { Community } from './constants.js'
import type { PathAttributes } from './path-attributes.js'

/** A neighbour as the RIB sees it. */
export interface RibNeighbor {
  readonly name: string
  /** Its address, an unsigned 32-bit number, no other neighbour's: breaks ties, and orders equal paths. */
  readonly address: number
  /** What it may announce: these prefixes and more specific ones. */
  readonly allowedPrefixes: readonly Prefix[]
  /** Most prefixes taken from it. */
  readonly prefixLimit: number
}

const LOCAL_PREF_DEFAULT = 100
/** RFC 8326 §4.1: below anything else. */
const LOCAL_PREF_SHUTTING_DOWN = 0

/** Whether a neighbour may announce a prefix. */
export function mayAnnounce(neighbor: RibNeighbor, prefix: Prefix): boolean {
  return neighbor.allowedPrefixes.some((allowed) => prefixCovers(allowed, prefix))
}

/** Degree of preference of a route from an external peer, whose LOCAL_PREF does not count (RFC 4271 §5.1.5, §9.1.1). */
export function importPreference({ communities }: PathAttributes): number {
  return communities.includes(Community.GRACEFUL_SHUTDOWN) ? LOCAL_PREF_SHUTTING_DOWN : LOCAL_PREF_DEFAULT
}
