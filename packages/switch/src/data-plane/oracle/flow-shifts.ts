import { IpProtocol } from '@fivetuple/packet'
import type { FlowShift } from '../../contract.js'
import { EDGE_PORT } from '../fib/route.js'
import { RouteChoice, type RoutingState, selectRoute } from '../select-route.js'
import type { FlowEnds } from './flow-list.js'

/** Flows of a list, in the order of their index. */
export interface Flows {
  readonly size: number
  at(index: number): FlowEnds
}

/** Number of flows that are decided between two packets: about a millisecond. */
const STEP_FLOWS = 1_024

/**
 * Counts flows by service, next hop before and next hop after a change, with {@link selectRoute},
 * which forwards. Yields after each {@link STEP_FLOWS} flows, so that packets are forwarded
 * meanwhile. Flows without a route to an LB before are left out.
 */
export function* flowShifts(
  flows: Flows,
  before: RoutingState,
  after: RoutingState,
): Generator<undefined, readonly FlowShift[], undefined> {
  const counts = new Map<number, Map<number, number>>()
  const choice = new RouteChoice()
  for (let i = 0; i < flows.size; i++) {
    if (i % STEP_FLOWS === STEP_FLOWS - 1) yield
    const flow = flows.at(i)
    const from = portOf(before, flow, false, choice)
    if (from <= EDGE_PORT) continue
    const to = portOf(after, flow, false, choice)
    const service = flow.destinationAddress * 0x1_0000 + flow.destinationPort
    const key = from * 0x1_0000 + (to <= EDGE_PORT ? 0 : to)
    const ofService = counts.get(service) ?? new Map<number, number>()
    counts.set(service, ofService)
    ofService.set(key, (ofService.get(key) ?? 0) + 1)
  }
  return [...counts].flatMap(([service, ofService]) => {
    const vip = { address: Math.floor(service / 0x1_0000), port: service % 0x1_0000 }
    return Array.from(ofService, ([key, flows]) => {
      const to = key % 0x1_0000
      return { vip, from: Math.floor(key / 0x1_0000), to: to === 0 ? null : to, flows }
    })
  })
}

/**
 * Marks the buckets of all flows as used, in the tables of a state that no packet is forwarded by.
 * Yields as {@link flowShifts}.
 */
export function* useAll(
  flows: Flows,
  state: RoutingState,
  vips: readonly number[],
): Generator<undefined, void, undefined> {
  if (!vips.some((vip) => state.fib.lookup(vip)?.selector.recordsUse)) return
  const choice = new RouteChoice()
  for (let i = 0; i < flows.size; i++) {
    if (i % STEP_FLOWS === STEP_FLOWS - 1) yield
    portOf(state, flows.at(i), true, choice)
  }
}

/** Returns the port of an established flow, or NO_ROUTE. */
function portOf(state: RoutingState, flow: FlowEnds, isUse: boolean, choice: RouteChoice): number {
  const { sourceAddress, destinationAddress, sourcePort, destinationPort } = flow
  return selectRoute(
    state,
    sourceAddress,
    destinationAddress,
    sourcePort,
    destinationPort,
    IpProtocol.TCP,
    false,
    isUse,
    choice,
  )
}
