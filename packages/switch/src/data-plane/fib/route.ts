import type { Prefix } from '@fivetuple/packet'

/** Port 0 is the switch's own edge; cables have ports 1 to N. */
export const EDGE_PORT = 0

/**
 * One entry of the route table as the control plane gives it to the data plane: what forwarding and
 * its explanation need. Who announced it, and when, stays with the control plane.
 */
export interface Route {
  readonly prefix: Prefix
  /**
   * Port ids of the equal-cost next hops, at least one, in a fixed order: the hash picks by index.
   */
  readonly nextHops: readonly number[]
  /** Those of them that drain: they keep their flows and get no new ones. Never all of them. */
  readonly draining?: readonly number[]
  /** The patent's cost of a route; BGP's MED carries it. */
  readonly cost: number
}

/** True if packets are forwarded alike by two routes of one prefix. */
export function sameRoute(a: Route, b: Route): boolean {
  return a.cost === b.cost && samePorts(a.nextHops, b.nextHops) && samePorts(a.draining ?? [], b.draining ?? [])
}

function samePorts(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((port, i) => port === b[i])
}
