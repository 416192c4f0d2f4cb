import { asPathLength } from './as-path.js'
import type { PathAttributes } from './path-attributes.js'
import type { RibNeighbor } from './rib-neighbor.js'

/** One way to a prefix, as a neighbour has announced it. */
export interface RibPath {
  readonly neighbor: RibNeighbor
  /** The neighbour's BGP identifier. */
  readonly routerId: number
  readonly attributes: PathAttributes
  /** Its neighbour is about to take it away, and wants no new flows by it (RFC 8326). */
  readonly isDraining: boolean
  /** When it was first announced as it is now, ms. */
  readonly since: number
}

/** MED of a path: its cost. */
export function pathCost({ attributes }: RibPath): number {
  return attributes.med ?? 0
}

/**
 * The paths that are used together, in the order in which they came.
 *
 * A path that drains (RFC 8326) stays among those that it is equal to: the data plane keeps it for
 * the flows that it carries, and gives new ones to the others. RFC 8326 §4 lowers its LOCAL_PREF
 * instead, which takes it out of the set at once; with M in HASH % M that moves most flows of all
 * other next hops, which is what a planned drain must not do. Where there is no equal path that
 * stays, its advice holds: any other path is better.
 */
export function equalCostPaths(all: readonly RibPath[]): RibPath[] {
  const paths = usablePaths(all)
  const best = equallyGood(paths)
  if (best.some(({ isDraining }) => !isDraining)) return best
  const others = equallyGood(paths.filter(({ isDraining }) => !isDraining))
  return others.length > 0 ? others : best
}

/**
 * The paths that can be forwarded by, or all of them if none can. A neighbour without a port can't
 * carry packets, however good its path is: with its path as the best one, packets would have no
 * next hop.
 */
function usablePaths(paths: readonly RibPath[]): readonly RibPath[] {
  return paths.some(({ neighbor }) => neighbor.forwards) ? paths.filter(({ neighbor }) => neighbor.forwards) : paths
}

/**
 * The paths that are equally good up to and including MED (RFC 4271 §9.1.2.2 a to c). MED is
 * compared between different neighbouring ASes as well, since it carries the cost here, and
 * differing AS numbers in equally long AS_PATHs make no difference.
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
 * The one best of the paths in use: one that stays, lowest BGP identifier, then lowest address
 * (RFC 4271 §9.1.2.2 f, g).
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

/** Negative when `a` is better. */
function compare(a: RibPath, b: RibPath): number {
  return (
    asPathLength(a.attributes.asPath) - asPathLength(b.attributes.asPath) ||
    a.attributes.origin - b.attributes.origin ||
    pathCost(a) - pathCost(b)
  )
}
