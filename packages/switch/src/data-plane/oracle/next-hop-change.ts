import { hostPrefix } from '@fivetuple/packet'
import type { Route } from '../fib/route.js'

/** Change of the next hops of one VIP, by the ids of their ports. */
export interface NextHopChange {
  /** Address of the VIP. */
  readonly vip: number
  /** Next hops that go, as when their LB is killed. */
  readonly gone: readonly number[]
  /** Next hops that join or return; an id without a port stands for an LB that does not exist. */
  readonly added: readonly number[]
  readonly drained: readonly number[]
  readonly undrained: readonly number[]
}

/**
 * Returns the route that follows from a change; undefined: no next hop is left. Next hops are in
 * the order of their ports, which is that of the LBs' addresses and so that of BGP routes.
 * @param route undefined: the VIP has no route before
 */
export function changedRoute(route: Route | undefined, change: NextHopChange): Route | undefined {
  const { vip, gone, added, drained, undrained } = change
  const before = route?.nextHops ?? []
  const joining = added.filter((port) => !before.includes(port))
  const staying = before.filter((port) => !gone.includes(port))
  const nextHops = joining.length === 0 ? staying : [...staying, ...joining].sort((a, b) => a - b)
  if (nextHops.length === 0) return undefined
  const isDraining = (port: number): boolean =>
    drained.includes(port) || ((route?.draining?.includes(port) ?? false) && !undrained.includes(port))
  const draining = nextHops.filter(isDraining)
  return {
    prefix: route?.prefix ?? hostPrefix(vip),
    cost: route?.cost ?? 0,
    nextHops,
    // If all next hops drain, all are used as if none did.
    draining: draining.length < nextHops.length ? draining : [],
  }
}
