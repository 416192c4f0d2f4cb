import type { RibChange, RibPath, RibRoute } from '@fivetuple/bgp'
import { formatIpv4, formatPrefix, type Prefix } from '@fivetuple/packet'
import type { EcmpSelection } from '../data-plane/ecmp/selection.js'
import { Fib } from '../data-plane/fib/fib.js'
import { EDGE_PORT, type Route, sameRoute } from '../data-plane/fib/route.js'
import type { RouteStatus } from '../status.js'

/** A change of the forwarding table: the new snapshot, and its differences from the one before. */
export interface FibChange {
  readonly fib: Fib
  readonly set: readonly Route[]
  readonly remove: readonly Prefix[]
  /** Local id of the happening that led to it; missing: there is none. */
  readonly cause?: number
}

/** Outcome of a change of the Loc-RIB. */
export interface RouteChange {
  /** The next forwarding table; undefined if every packet is forwarded as before. */
  readonly fib: FibChange | undefined
  /**
   * Prefixes, CIDR, that are forwarded to other neighbours than before, with the names of the new
   * ones; no names: the prefix is not forwarded any more.
   */
  readonly forwarded: ReadonlyMap<string, readonly string[]>
  /** Names of the neighbours to which these prefixes were forwarded before. */
  readonly forwardedBefore: ReadonlyMap<string, readonly string[]>
  /**
   * Prefixes, CIDR, whose draining neighbours have changed, with the names of the draining ones.
   */
  readonly draining: ReadonlyMap<string, readonly string[]>
}

/**
 * The routing-table maintenance module (claim C9): joins BGP routes and connected prefixes,
 * resolves next hops to ports, and publishes the result as FIB snapshots. A next hop resolves to
 * the port of the neighbour that announced it. A neighbour without a port takes part in the control
 * plane only: its routes are shown and never used for forwarding.
 */
export class RouteTable {
  readonly #connected: readonly Prefix[]
  /** Neighbour's name → its port; missing: no port. */
  readonly #portOf: ReadonlyMap<string, number>
  readonly #learned = new Map<string, RibRoute>()
  readonly #since: number
  #fib: Fib

  /** @param connected prefixes that the edge stands for; @param now ms */
  constructor(
    selection: EcmpSelection,
    connected: readonly Prefix[],
    portOf: ReadonlyMap<string, number>,
    now: number,
  ) {
    this.#connected = connected
    this.#portOf = portOf
    this.#since = now
    this.#fib = Fib.empty(selection).with(connected.map((prefix) => ({ prefix, nextHops: [EDGE_PORT], cost: 0 })))
  }

  get fib(): Fib {
    return this.#fib
  }

  /**
   * Applies changes of the Loc-RIB. The cost is proportional to the number of changes. Changes that
   * affect no packet, such as all of a neighbour without a port, leave the forwarding table as it
   * is.
   */
  apply(changes: readonly RibChange[]): RouteChange {
    const set: Route[] = []
    const remove: Prefix[] = []
    const forwarded = new Map<string, readonly string[]>()
    const forwardedBefore = new Map<string, readonly string[]>()
    const draining = new Map<string, readonly string[]>()
    for (const { prefix, route } of changes) {
      const text = formatPrefix(prefix)
      const before = this.forwardedBy(text)
      const drainedBefore = this.drainingOf(text)
      if (route === undefined) this.#learned.delete(text)
      else this.#learned.set(text, route)
      // A connected prefix is preferred to a learned one.
      if (this.#isConnected(prefix)) continue
      const after = this.forwardedBy(text)
      if (!sameNames(before, after)) {
        forwarded.set(text, after)
        forwardedBefore.set(text, before)
      }
      const drained = this.drainingOf(text)
      if (!sameNames(drainedBefore, drained)) draining.set(text, drained)
      const inFib = this.#fib.get(prefix)
      const wanted = this.#routeOf(prefix, route)
      if (wanted === undefined) {
        if (inFib !== undefined) remove.push(prefix)
      } else if (inFib === undefined || !sameRoute(inFib, wanted)) set.push(wanted)
    }
    if (set.length + remove.length === 0) return { fib: undefined, forwarded, forwardedBefore, draining }
    this.#fib = this.#fib.with(set, remove)
    return { fib: { fib: this.#fib, set, remove }, forwarded, forwardedBefore, draining }
  }

  /**
   * Lets the selection rebalance; returns the new snapshot, or the same.
   * @param now ms
   */
  rebalance(now: number): Fib {
    this.#fib = this.#fib.rebalanced(now)
    return this.#fib
  }

  /**
   * Names of the neighbours to which a learned prefix is forwarded now, in the order of the hash's
   * index.
   */
  forwardedBy(prefix: string): string[] {
    const paths = this.#learned.get(prefix)?.paths ?? []
    return paths.flatMap(({ neighbor: { name } }) => (this.#portOf.has(name) ? [name] : []))
  }

  /** Names of those among them that request no new flows. */
  drainingOf(prefix: string): string[] {
    const paths = this.#learned.get(prefix)?.paths ?? []
    return paths.flatMap(({ neighbor: { name }, isDraining }) => (isDraining && this.#portOf.has(name) ? [name] : []))
  }

  /** The best path of a prefix that is forwarded now; undefined: it is not forwarded. */
  bestPath(prefix: string): RibPath | undefined {
    return this.forwardedBy(prefix).length > 0 ? this.#learned.get(prefix)?.best : undefined
  }

  /** The whole table for people: connected prefixes first, then BGP routes. @param now ms */
  status(now: number): RouteStatus[] {
    const connected = this.#connected.map((prefix) => ({
      prefix: formatPrefix(prefix),
      origin: 'connected' as const,
      cost: 0,
      ageMs: now - this.#since,
      nextHops: [{ via: 'edge', address: '', port: EDGE_PORT, isDraining: false }],
    }))
    const learned = [...this.#learned.values()]
      .sort((a, b) => a.prefix.address - b.prefix.address || a.prefix.length - b.prefix.length)
      .map((route) => ({
        prefix: formatPrefix(route.prefix),
        origin: 'bgp' as const,
        cost: route.cost,
        ageMs: now - route.since,
        nextHops: route.paths.map(({ neighbor, attributes, isDraining }) => ({
          via: neighbor.name,
          isDraining,
          address: formatIpv4(attributes.nextHop),
          port: this.#portOf.get(neighbor.name) ?? null,
        })),
      }))
    return [...connected, ...learned]
  }

  /** The entry of the forwarding table; undefined: nothing is forwarded by this route. */
  #routeOf(prefix: Prefix, route: RibRoute | undefined): Route | undefined {
    if (route === undefined) return undefined
    const nextHops = this.#resolve(route.paths)
    return nextHops.length > 0 ? { prefix, nextHops, draining: this.#draining(route), cost: route.cost } : undefined
  }

  #resolve(paths: RibRoute['paths']): number[] {
    return paths.flatMap(({ neighbor }) => this.#portOf.get(neighbor.name) ?? [])
  }

  /** Next hops that drain, unless all do: then all are used as if none did. */
  #draining({ paths }: RibRoute): number[] {
    const draining = this.#resolve(paths.filter(({ isDraining }) => isDraining))
    return draining.length < this.#resolve(paths).length ? draining : []
  }

  #isConnected(prefix: Prefix): boolean {
    return this.#connected.some(({ address, length }) => address === prefix.address && length === prefix.length)
  }
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i])
}
