import { asPathLength } from './as-path.js'
import type { PathAttributes } from './path-attributes.js'
import type { RibNeighbor } from './rib-neighbor.js'

/** Path to a prefix, as a neighbour has announced it. */
export interface RibPath {
  readonly neighbor: RibNeighbor
  /** The neighbour's BGP identifier. */
  readonly routerId: number
  readonly attributes: PathAttributes
  /** True while its neighbour is about to withdraw it and wants no new flows over it (RFC 8326). */
  readonly isDraining: boolean
  /** Time at which it was first announced with these attributes, ms. */
  readonly since: number
}

/** Returns the MED of a path: its cost. */
export function pathCost({ attributes }: RibPath): number {
  return attributes.med ?? 0
}

/**
 * Returns the paths that are used together, in the order of `all`.
 *
 * A path that drains (RFC 8326) stays in the set of equal paths: the data plane keeps it for the
 * flows that it carries, and sends new flows over the others. RFC 8326 §4 lowers its LOCAL_PREF
 * instead, which removes it from the set at once. With M in HASH % M that moves most flows of all
 * other next hops, which a planned drain must not do. If no equal path stays, RFC 8326 applies: any
 * other path is better.
 */
export function equalCostPaths(all: readonly RibPath[]): RibPath[] {
  const paths = usablePaths(all)
  const best = equallyGood(paths)
  if (best.some(({ isDraining }) => !isDraining)) return best
  const others = equallyGood(paths.filter(({ isDraining }) => !isDraining))
  return others.length > 0 ? others : best
}

/**
 * Returns the paths that packets can be forwarded over, or all of them if there is none. A
 * neighbour without a port can't carry packets, however good its path is: if its path were the best
 * one, packets would have no next hop.
 */
function usablePaths(paths: readonly RibPath[]): readonly RibPath[] {
  return paths.some(({ neighbor }) => neighbor.forwards) ? paths.filter(({ neighbor }) => neighbor.forwards) : paths
}

/**
 * Returns the paths that are equal up to and including MED (RFC 4271 §9.1.2.2 a to c). MED is
 * compared between different neighbouring ASes as well, since it carries the cost here. Different
 * AS numbers in AS_PATHs of equal length make no difference.
 */
function equallyGood(paths: readonly RibPath[]): RibPath[] {
  let best: RibPath[] = []
  for (const path of paths) {
    const order = best.length === 0 ? -1 : compare(path, best[0]!)
    if (order < 0) best = [path]
    else if (order === 0) best.push(path)
  }
  return best
}

/**
 * Returns the best of the paths in use: a path that does not drain, then the lowest BGP identifier,
 * then the lowest address (RFC 4271 §9.1.2.2 f, g).
 */
export function bestPath(equal: readonly [RibPath, ...RibPath[]]): RibPath {
  return equal.reduce((a, b) =>
    (Number(b.isDraining) - Number(a.isDraining) ||
      b.routerId - a.routerId ||
      b.neighbor.address - a.neighbor.address) < 0
      ? b
      : a,
  )
}

/** Returns a negative number if `a` is better. */
function compare(a: RibPath, b: RibPath): number {
  return (
    asPathLength(a.attributes.asPath) - asPathLength(b.attributes.asPath) ||
    a.attributes.origin - b.attributes.origin ||
    pathCost(a) - pathCost(b)
  )
}
