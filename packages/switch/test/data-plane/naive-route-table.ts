import { formatPrefix, type Prefix, prefixContains } from '@fivetuple/packet'
import type { Route } from '@fivetuple/switch'

/** The oracle of the FIB: a list, and a scan of all of it for each lookup. */
export class NaiveRouteTable {
  readonly #routes = new Map<string, Route>()

  set(route: Route): void {
    this.#routes.set(formatPrefix(route.prefix), route)
  }

  remove(prefix: Prefix): void {
    this.#routes.delete(formatPrefix(prefix))
  }

  lookup(address: number): Route | undefined {
    let best: Route | undefined
    for (const route of this.#routes.values())
      if (prefixContains(route.prefix, address) && (best === undefined || route.prefix.length > best.prefix.length))
        best = route
    return best
  }

  routes(): Route[] {
    return [...this.#routes.values()]
  }
}
