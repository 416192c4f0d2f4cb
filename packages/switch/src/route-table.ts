import type { RibChange, RibRoute } from '@fivetuple/bgp'
import { formatIpv4, formatPrefix, type Prefix } from '@fivetuple/packet'
import type { EcmpSelection } from './ecmp/selection.js'
import { Fib } from './fib/fib.js'
import { EDGE_PORT, type Route } from './fib/route.js'
import type { RouteStatus } from './status.js'

/** A change of the forwarding table: the new snapshot, and how it differs from the one before. */
export interface FibChange {
  readonly fib: Fib
  readonly set: readonly Route[]
  readonly remove: readonly Prefix[]
}

/**
 * The routing-table maintenance module (claim C9): joins what BGP knows with what is connected, resolves next hops to
 * ports, and publishes the result as FIB snapshots. Next hops resolve to the port of the neighbour that announced them; a
 * neighbour without a port is a control-plane-only one, and its routes are shown but never forwarded by.
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

  /** Takes changes of the Loc-RIB; returns the new snapshot and what is new in it. */
  apply(changes: readonly RibChange[]): FibChange {
    const set: Route[] = []
    const remove: Prefix[] = []
    for (const { prefix, route } of changes) {
      const text = formatPrefix(prefix)
      if (route === undefined) this.#learned.delete(text)
      else this.#learned.set(text, route)
      const nextHops = route === undefined ? [] : this.#resolve(route.paths)
      if (nextHops.length > 0) set.push({ prefix, nextHops, draining: this.#draining(route!), cost: route!.cost })
      else if (this.#isConnected(prefix)) set.push({ prefix, nextHops: [EDGE_PORT], cost: 0 })
      else remove.push(prefix)
    }
    this.#fib = this.#fib.with(set, remove)
    return { fib: this.#fib, set, remove }
  }

  /** Lets the selection move what it moves as time goes by; returns the new snapshot, or the same. @param now ms */
  rebalance(now: number): Fib {
    this.#fib = this.#fib.rebalanced(now)
    return this.#fib
  }

  /** Names of the neighbours over which a prefix is forwarded now, in the order that the hash indexes. */
  forwardedBy(prefix: string): string[] {
    return (
      this.#learned
        .get(prefix)
        ?.paths.map(({ neighbor }) => neighbor.name)
        .filter((name) => this.#portOf.has(name)) ?? []
    )
  }

  /** Prefixes learned by BGP. */
  learnedPrefixes(): string[] {
    return [...this.#learned.keys()]
  }

  /** The whole table for people: connected first, then what BGP knows. @param now ms */
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

  #resolve(paths: RibRoute['paths']): number[] {
    return paths.flatMap(({ neighbor }) => this.#portOf.get(neighbor.name) ?? [])
  }

  /** Next hops that drain, unless all do: then they are used as ever. */
  #draining({ paths }: RibRoute): number[] {
    const draining = this.#resolve(paths.filter(({ isDraining }) => isDraining))
    return draining.length < this.#resolve(paths).length ? draining : []
  }

  #isConnected(prefix: Prefix): boolean {
    return this.#connected.some(({ address, length }) => address === prefix.address && length === prefix.length)
  }
}
