import { type FiveTuple, hasPorts, NO_ROUTE, type Prefix } from '@fivetuple/packet'
import { Diversion } from './diverted-flows.js'
import { RouteChoice, type RoutingState, selectRoute } from './select-route.js'

/** Decision of a switch about one five-tuple, step by step. */
export interface Decision {
  /** The longest prefix that contains the destination. */
  readonly prefix: Prefix
  readonly cost: number
  /** 32 unsigned bits */
  readonly hash: number
  /** Number of equal-cost next hops. */
  readonly m: number
  /** Index of the next hop to which the hash points: 0 to m-1. */
  readonly index: number
  /** The selection's calculation, for people. */
  readonly reason: string
  /** Id of the port; 0 is the edge. */
  readonly port: number
  /** undefined: the hash does not point to a next hop that drains, and the flow is not diverted. */
  readonly drain: DrainDecision | undefined
  /**
   * False: the port has lost its carrier, and packets are dropped until the route table changes.
   */
  readonly isPortUp: boolean
}

/** Effect of a drain on a flow. */
export interface DrainDecision {
  /** Port of a flow of this tuple that begins now. */
  readonly newFlowsTo: number
  /** Port to which this flow was diverted when it began; undefined: it was not diverted. */
  readonly divertedTo: number | undefined
}

/**
 * Explains the port of an established flow: {@link selectRoute}, step by step and without a packet.
 * @returns undefined without a route
 */
export function explainRoute(state: RoutingState, t: FiveTuple): Decision | undefined {
  const choice = new RouteChoice()
  const port = select(state, t, false, choice)
  if (port === NO_ROUTE) return undefined
  const { sourceAddress, destinationAddress, sourcePort, destinationPort, protocol } = t
  const { route, selector } = state.fib.lookup(destinationAddress)!
  const { prefix, cost, nextHops, draining = [] } = route
  const [hashedSource, hashedDestination] = hasPorts(protocol) ? [sourcePort, destinationPort] : [0, 0]
  const hash = state.hash(sourceAddress, destinationAddress, hashedSource, hashedDestination, protocol, state.seed)
  const index = selector.select(hash)
  const hashedPort = nextHops[index]!
  const isDiverted = choice.diversion === Diversion.USE || port !== hashedPort
  const drain =
    isDiverted || draining.includes(hashedPort)
      ? { newFlowsTo: select(state, t, true, new RouteChoice()), divertedTo: isDiverted ? port : undefined }
      : undefined
  return {
    prefix,
    cost,
    hash,
    m: nextHops.length,
    index,
    reason: selector.reason(hash),
    port,
    drain,
    isPortUp: state.isUp(port),
  }
}

function select(state: RoutingState, t: FiveTuple, begins: boolean, choice: RouteChoice): number {
  const { sourceAddress, destinationAddress, sourcePort, destinationPort, protocol } = t
  return selectRoute(
    state,
    sourceAddress,
    destinationAddress,
    sourcePort,
    destinationPort,
    protocol,
    begins,
    false,
    choice,
  )
}
