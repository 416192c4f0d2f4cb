import { type FlowHash, hasPorts, IpProtocol, NO_ROUTE } from '@fivetuple/packet'
import { Diversion, type DivertedFlows } from './diverted-flows.js'
import type { Fib } from './fib/fib.js'
import { EDGE_PORT } from './fib/route.js'
import { type RouteGroup, secondChoice } from './fib/route-group.js'

/** State of a switch that decides where a packet goes. {@link selectRoute} only reads it. */
export interface RoutingState {
  /** Router address, to which no port leads. */
  readonly address: number
  readonly hash: FlowHash
  /** 32 bits */
  readonly seed: number
  readonly fib: Fib
  readonly diverted: Pick<DivertedFlows, 'size' | 'isFull' | 'portOf'>
  /** Returns true while the port has carrier. */
  readonly isUp: (port: number) => boolean
}

/**
 * Outcome of {@link selectRoute} besides the port. One object serves all packets, so that none is
 * allocated for each.
 */
export class RouteChoice {
  diversion: Diversion = Diversion.NONE
}

/**
 * Selects the port of a packet: look up, hash, select, divert (claims C5, C10). The forwarder sends
 * by it; `explain` and `predict` report it. It reads `state` and writes `choice`. Only with `isUse`
 * does it change what a later call may return.
 *
 * @param begins true for a SYN that opens a flow
 * @param isUse true if the packet is a use of its flow, which keeps a bucket of `resilient` busy
 * @param choice overwritten
 * @returns the port, up or down, {@link EDGE_PORT} for the edge, or {@link NO_ROUTE}
 */
export function selectRoute(
  state: RoutingState,
  sourceAddress: number,
  destinationAddress: number,
  sourcePort: number,
  destinationPort: number,
  protocol: number,
  begins: boolean,
  isUse: boolean,
  choice: RouteChoice,
): number {
  choice.diversion = Diversion.NONE
  const group = destinationAddress === state.address ? undefined : state.fib.lookup(destinationAddress)
  if (group === undefined) return NO_ROUTE
  const { nextHops } = group.route
  const { diverted } = state
  // With one next hop there is no choice, unless buckets record their use or a flow may be
  // diverted.
  if (nextHops.length === 1) {
    const only = nextHops[0]!
    if (only === EDGE_PORT || (!group.selector.recordsUse && diverted.size === 0)) return only
  }
  // Packets without ports are spread by their addresses. One call for both kinds: with two of them
  // this function is too long for the compiler to inline the lookup as well.
  const withPorts = hasPorts(protocol)
  const hashedSource = withPorts ? sourcePort : 0
  const hashedDestination = withPorts ? destinationPort : 0
  const hash = state.hash(sourceAddress, destinationAddress, hashedSource, hashedDestination, protocol, state.seed)
  const port = nextHops[isUse ? group.selector.use(hash) : group.selector.select(hash)]!
  // No next hop drains and no flow is diverted: the hash alone decides.
  if (group.drain === undefined && diverted.size === 0) return port
  return divert(
    state,
    group,
    hash,
    port,
    sourceAddress,
    destinationAddress,
    sourcePort,
    destinationPort,
    protocol,
    begins,
    choice,
  )
}

/**
 * Selects the port of a packet while LBs drain, or while flows exist that were diverted when they
 * did. A flow that begins is diverted from a next hop that drains. A flow that is not diverted
 * began before, and its hash decides. Flows of other protocols than TCP have no visible beginning:
 * they are moved at once.
 */
function divert(
  { diverted, isUp }: RoutingState,
  { route, drain }: RouteGroup,
  hash: number,
  hashedPort: number,
  sourceAddress: number,
  destinationAddress: number,
  sourcePort: number,
  destinationPort: number,
  protocol: number,
  begins: boolean,
  choice: RouteChoice,
): number {
  const isDraining = drain !== undefined && route.draining!.includes(hashedPort)
  if (protocol !== IpProtocol.TCP) return isDraining ? secondChoice(drain, hash) : hashedPort
  const known = diverted.portOf(sourceAddress, destinationAddress, sourcePort, destinationPort)
  const isKnown = known !== NO_ROUTE
  if (!begins && isKnown && isUp(known)) {
    choice.diversion = Diversion.USE
    return known
  }
  if (!begins || !isDraining) {
    if (isKnown) choice.diversion = Diversion.DELETE
    return hashedPort
  }
  if (!isKnown && diverted.isFull) {
    choice.diversion = Diversion.OVER_LIMIT
    return hashedPort
  }
  choice.diversion = Diversion.ADD
  return secondChoice(drain, hash)
}
