import { type FiveTuple, type FlowHash, hasPorts, IpProtocol, type Prefix } from '@fivetuple/packet'
import type { DivertedFlows } from './diverted-flows.js'
import type { Fib } from './fib/fib.js'
import { NO_ROUTE } from './fib/route.js'
import { type RouteGroup, secondChoice } from './fib/route-group.js'

/** What a switch does with one five-tuple, step by step. */
export interface Decision {
  /** The longest prefix that contains the destination. */
  readonly prefix: Prefix
  readonly cost: number
  /** 32 unsigned bits */
  readonly hash: number
  /** Number of equal-cost next hops. */
  readonly m: number
  /** Which of them: 0 to m-1. */
  readonly index: number
  /** How the selection comes to it, for people. */
  readonly reason: string
  /** Id of the port; 0 is the edge. */
  readonly port: number
  /** undefined: the hash does not point to a next hop that drains, and the flow is not remembered as diverted. */
  readonly drain: DrainDecision | undefined
  /** False: the port has lost its carrier, and packets are dropped until the route table says otherwise. */
  readonly isPortUp: boolean
}

/** What a drain makes of a flow. */
export interface DrainDecision {
  /** The port that a flow gets that begins now. */
  readonly newFlowsTo: number
  /** The port that this very flow has been given when it began; undefined: it is not remembered. */
  readonly divertedTo: number | undefined
}

/** What of the forwarder decides: see there. */
export interface FlowExplainerOptions {
  readonly address: number
  readonly hash: FlowHash
  readonly seed: number
}

/** How one flow is forwarded. */
interface Place {
  readonly group: RouteGroup
  readonly hash: number
  readonly index: number
  readonly port: number
  readonly drain: DrainDecision | undefined
}

/**
 * What the {@link Forwarder} would do with packets of a flow, told without a packet and without counting: for people, and for
 * route tables that may come. A property test holds the two against each other.
 */
export class FlowExplainer {
  readonly #options: FlowExplainerOptions
  readonly #diverted: DivertedFlows
  readonly #isUp: (port: number) => boolean

  constructor(options: FlowExplainerOptions, diverted: DivertedFlows, isUp: (port: number) => boolean) {
    this.#options = options
    this.#diverted = diverted
    this.#isUp = isUp
  }

  /** The decision by this table, step by step; undefined when there is no route. */
  explain(t: FiveTuple, fib: Fib): Decision | undefined {
    const place = this.#place(t, fib, [])
    if (place === undefined) return undefined
    const { group, hash, index, port, drain } = place
    const { prefix, cost, nextHops } = group.route
    const reason = group.selector.reason(hash)
    return { prefix, cost, hash, m: nextHops.length, index, reason, port, drain, isPortUp: this.#isUp(port) }
  }

  /** The port by this table, as if those that are `gone` had no carrier, or {@link NO_ROUTE}. */
  portUnder(t: FiveTuple, fib: Fib, gone: readonly number[]): number {
    return this.#place(t, fib, gone)?.port ?? NO_ROUTE
  }

  #place(t: FiveTuple, fib: Fib, gone: readonly number[]): Place | undefined {
    const { address, hash, seed } = this.#options
    if (t.destinationAddress === address) return undefined
    const group = fib.lookup(t.destinationAddress)
    if (group === undefined) return undefined
    const [sourcePort, destinationPort] = hasPorts(t.protocol) ? [t.sourcePort, t.destinationPort] : [0, 0]
    const value = hash(t.sourceAddress, t.destinationAddress, sourcePort, destinationPort, t.protocol, seed)
    const index = group.selector.select(value)
    const hashed = group.route.nextHops[index]!
    const drain = this.#drain(t, group, hashed, value, gone)
    return { group, hash: value, index, port: drain?.divertedTo ?? hashed, drain }
  }

  #drain(
    t: FiveTuple,
    group: RouteGroup,
    hashed: number,
    hash: number,
    gone: readonly number[],
  ): DrainDecision | undefined {
    const isTcp = t.protocol === IpProtocol.TCP
    const known = this.#diverted.peek(t.sourceAddress, t.destinationAddress, t.sourcePort, t.destinationPort)
    const isThere = known !== NO_ROUTE && this.#isUp(known) && !gone.includes(known)
    const divertedTo = isTcp && isThere ? known : undefined
    const isDraining = group.route.draining?.includes(hashed) ?? false
    if (!isDraining) return divertedTo === undefined ? undefined : { newFlowsTo: hashed, divertedTo }
    const newFlowsTo = secondChoice(group.drain!, hash)
    return { newFlowsTo, divertedTo: isTcp ? divertedTo : newFlowsTo }
  }
}
