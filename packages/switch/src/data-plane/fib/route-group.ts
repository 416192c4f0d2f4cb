import type { Selector } from '../ecmp/selection.js'
import type { Route } from './route.js'

/**
 * A route with the selector for its next hops, which is shared by routes whose next hops have come
 * about in the same way.
 */
export interface RouteGroup {
  readonly route: Route
  readonly selector: Selector
  /** undefined: none of the next hops drains */
  readonly drain: DrainGroup | undefined
}

/** Next hops of flows that begin while the hash points to a next hop that drains. */
export interface DrainGroup {
  /** Ports that stay. */
  readonly nextHops: readonly number[]
  readonly selector: Selector
}

/**
 * The hash once more, so that flows of one next hop are spread over all others and not over those
 * that it favours.
 */
export function secondChoice({ nextHops, selector }: DrainGroup, hash: number): number {
  return nextHops[selector.select(Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0)]!
}
