import assert from 'node:assert/strict'
import { formatPrefix, type Prefix, prefixMask } from '@fivetuple/packet'
import type { EcmpSelection, Selector } from '../ecmp/selection.js'
import { PrefixTable } from './prefix-table.js'
import type { Route } from './route.js'
import type { DrainGroup, RouteGroup } from './route-group.js'

/**
 * The route table as the data plane sees it: immutable, swapped as a whole between two packets.
 *
 * Longest-prefix match asks one hash table per prefix length that occurs, longest first. In this
 * fabric these are /32 (VIPs, BIPs), a /24 or two, and perhaps the default route: two or three
 * probes, whatever the number of routes. A full Internet table would cost up to 25. The
 * alternatives lose here: DIR-24-8 needs one memory access or two but 64 MB per snapshot, and a
 * change of a short prefix writes thousands of entries; a trie with a stride of 8 keeps one node of
 * 256 slots for each of 100,000 scattered host routes; a binary trie chases some 20 pointers.
 *
 * Snapshots share what has not changed, see {@link PrefixTable}.
 */
export class Fib {
  /** Counts snapshots: 0 for the empty table, one more for each {@link with}. */
  readonly version: number
  /** Longest prefix first; no table is empty. */
  readonly #tables: readonly PrefixTable[]
  readonly #selection: EcmpSelection

  private constructor(version: number, tables: readonly PrefixTable[], selection: EcmpSelection) {
    this.version = version
    this.#tables = tables
    this.#selection = selection
  }

  /** A table without routes, whose next hops will be chosen by `selection`. */
  static empty(selection: EcmpSelection): Fib {
    return new Fib(0, [], selection)
  }

  /** Number of routes. */
  get size(): number {
    return this.#tables.reduce((sum, { size }) => sum + size, 0)
  }

  /** The group of the longest prefix that contains `address`. Allocation-free. */
  lookup(address: number): RouteGroup | undefined {
    const tables = this.#tables
    for (let i = 0; i < tables.length; i++) {
      const group = tables[i]!.get(address)
      if (group !== undefined) return group
    }
    return undefined
  }

  /** The route of exactly this prefix. */
  get(prefix: Prefix): Route | undefined {
    return this.#tables.find(({ length }) => length === prefix.length)?.get(prefix.address)?.route
  }

  /** All routes, shortest prefix first, then by address. */
  routes(): Route[] {
    return this.#tables
      .flatMap((table) => [...table.groups()])
      .map(({ route }) => route)
      .sort((a, b) => a.prefix.length - b.prefix.length || a.prefix.address - b.prefix.address)
  }

  /**
   * The next snapshot: `remove` takes prefixes away, then `set` replaces or adds routes. This one
   * stays as it is. Costs as much as there are changes, plus one reference copied per 32 routes of
   * a prefix length that has changes.
   */
  with(set: readonly Route[], remove: readonly Prefix[] = []): Fib {
    const changes = new Map<number, Map<number, RouteGroup | undefined>>()
    const change = ({ address, length }: Prefix, group: RouteGroup | undefined): void => {
      const ofLength = changes.get(length)
      if (ofLength === undefined) changes.set(length, new Map([[address, group]]))
      else ofLength.set(address, group)
    }
    for (const prefix of remove) change(prefix, undefined)
    // Routes that change together mostly change from the same next hops to the same: they share one
    // selector.
    const selectors = new Map<Selector | undefined, Map<string, Selector>>()
    for (const route of set) {
      const { prefix, nextHops } = route
      assert(nextHops.length > 0, `a route without next hops: ${formatPrefix(prefix)}`)
      assert((prefix.address & ~prefixMask(prefix.length)) === 0, `host bits set: ${formatPrefix(prefix)}`)
      const before = this.#tables.find(({ length }) => length === prefix.length)?.get(prefix.address)
      const fromBefore = selectors.get(before?.selector) ?? new Map<string, Selector>()
      selectors.set(before?.selector, fromBefore)
      const key = nextHops.join()
      const selector = fromBefore.get(key) ?? this.#selectorFor(nextHops, before)
      fromBefore.set(key, selector)
      change(prefix, { route, selector, drain: this.#drainGroup(route) })
    }
    const tables = this.#tables.map((table) => {
      const ofLength = changes.get(table.length)
      changes.delete(table.length)
      return ofLength === undefined ? table : table.with(ofLength)
    })
    for (const [length, ofLength] of changes) tables.push(PrefixTable.empty(length).with(ofLength))
    const kept = tables.filter(({ size }) => size > 0).sort((a, b) => b.length - a.length)
    return new Fib(this.version + 1, kept, this.#selection)
  }

  /**
   * The next snapshot when the selection gives other next hops to some hashes as time goes by, or
   * this one when it does not. To be called every second or so. @param now ms
   */
  rebalanced(now: number): Fib {
    const selection = this.#selection
    if (selection.rebalance === undefined) return this
    const selectors = new Map<Selector, Selector>()
    let hasMoved = false
    const tables = this.#tables.map((table) => {
      const changes = new Map<number, RouteGroup>()
      for (const group of table.groups()) {
        const { nextHops, prefix } = group.route
        const selector =
          selectors.get(group.selector) ?? selection.rebalance!({ nextHops, selector: group.selector }, now)
        selectors.set(group.selector, selector)
        if (selector !== group.selector) changes.set(prefix.address, { ...group, selector })
      }
      hasMoved ||= changes.size > 0
      return changes.size === 0 ? table : table.with(changes)
    })
    return hasMoved ? new Fib(this.version + 1, tables, selection) : this
  }

  #drainGroup({ prefix, nextHops, draining = [] }: Route): DrainGroup | undefined {
    if (draining.length === 0) return undefined
    const staying = nextHops.filter((port) => !draining.includes(port))
    assert(staying.length > 0, `all next hops drain: ${formatPrefix(prefix)}`)
    // Without a past: flows that are sent elsewhere are remembered, so nothing depends on where
    // others went before.
    return { nextHops: staying, selector: this.#selection.build(staying) }
  }

  /**
   * A change of anything but the next hops keeps the selector: tables of some selections are
   * expensive to build.
   */
  #selectorFor(nextHops: readonly number[], before: RouteGroup | undefined): Selector {
    if (before === undefined) return this.#selection.build(nextHops)
    if (before.route.nextHops.join() === nextHops.join()) return before.selector
    return this.#selection.build(nextHops, { nextHops: before.route.nextHops, selector: before.selector })
  }
}
