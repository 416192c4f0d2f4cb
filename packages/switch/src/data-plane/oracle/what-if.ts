import { type FlowHash, NO_ROUTE, type Prefix } from '@fivetuple/packet'
import type { EcmpSelection } from '../ecmp/selection.js'
import { Fib } from '../fib/fib.js'
import type { Route } from '../fib/route.js'
import type { RoutingState } from '../select-route.js'
import { changedRoute, type NextHopChange } from './next-hop-change.js'

/** Change of a switch whose effect is predicted. */
export interface WhatIf {
  /** At most one for each VIP. */
  readonly nextHops: readonly NextHopChange[]
  /** Selection after the change; undefined: the same. */
  readonly selection?: EcmpSelection | undefined
  readonly hash?: FlowHash | undefined
  /** 32 bits */
  readonly seed?: number | undefined
}

/** State of a switch before and after a change. */
export interface BeforeAndAfter {
  readonly before: RoutingState
  readonly after: RoutingState
}

/** No flow is diverted. */
export const NOT_DIVERTED: RoutingState['diverted'] = { size: 0, isFull: false, portOf: () => NO_ROUTE }

/**
 * Returns the state that would follow from a change. `state` stays as it is: route tables are
 * immutable, and selectors are built anew or shared, and only read.
 */
export function whatIf(state: RoutingState, { nextHops, selection, hash, seed }: WhatIf): BeforeAndAfter {
  const set: Route[] = []
  const remove: Prefix[] = []
  const gone = new Set<number>()
  const added = new Set<number>()
  for (const change of nextHops) {
    const before = state.fib.lookup(change.vip)?.route
    const route = changedRoute(before, change)
    if (route !== undefined) set.push(route)
    else if (before !== undefined) remove.push(before.prefix)
    for (const port of change.gone) gone.add(port)
    for (const port of change.added) added.add(port)
  }
  const changed = state.fib.with(set, remove)
  return {
    before: state,
    after: {
      ...state,
      fib: selection === undefined ? changed : rebuilt(changed, selection, nextHops),
      hash: hash ?? state.hash,
      seed: seed ?? state.seed,
      isUp: (port) => !gone.has(port) && (added.has(port) || state.isUp(port)),
    },
  }
}

/**
 * Returns the state of a switch that had always run another selection, with the routes of these
 * VIPs. No flow is diverted there, and no bucket has been used.
 */
export function underSelection(state: RoutingState, selection: EcmpSelection, vips: readonly number[]): RoutingState {
  const routes = vips.flatMap((vip) => state.fib.lookup(vip)?.route ?? [])
  return { ...state, fib: Fib.empty(selection).with(routes), diverted: NOT_DIVERTED }
}

function rebuilt(fib: Fib, selection: EcmpSelection, changes: readonly NextHopChange[]): Fib {
  return Fib.empty(selection).with(changes.flatMap(({ vip }) => fib.lookup(vip)?.route ?? []))
}
