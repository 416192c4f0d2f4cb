import { asPathLength } from './as-path.js'
import type { PathAttributes } from './path-attributes.js'
import type { RibNeighbor } from './rib-neighbor.js'

/** One way to a prefix, as a neighbour has announced it. */
export interface RibPath {
  readonly neighbor: RibNeighbor
  /** The neighbour's BGP identifier. */
  readonly routerId: number
  readonly attributes: PathAttributes
  /** Degree of preference that import gave it (RFC 4271 §9.1.1): the higher, the better. */
  readonly localPref: number
  /** When it was first announced as it is now, ms. */
  readonly since: number
}

/** MED of a path: its cost. */
export function pathCost({ attributes }: RibPath): number {
  return attributes.med ?? 0
}

/**
 * The paths that are equally good up to and including MED (RFC 4271 §9.1.2.2 a to c, with the degree of preference
 * before them), in the order in which they came. MED is compared between different neighbouring ASes as well, since it
 * carries the cost here, and differing AS numbers in equally long AS_PATHs make no difference.
 */
export function equalCostPaths(paths: readonly RibPath[]): RibPath[] {
  let best: RibPath[] = []
  for (const path of paths) {
    const order = best.length === 0 ? -1 : compare(path, best[0]!)
    if (order < 0) best = [path]
    else if (order === 0) best.push(path)
  }
  return best
}

/** The one best of equally good paths: lowest BGP identifier, then lowest address (RFC 4271 §9.1.2.2 f, g). */
export function bestPath(equal: readonly [RibPath, ...RibPath[]]): RibPath {
  return equal.reduce((a, b) => ((b.routerId - a.routerId || b.neighbor.address - a.neighbor.address) < 0 ? b : a))
}

/** Negative when `a` is better. */
function compare(a: RibPath, b: RibPath): number {
  return (
    b.localPref - a.localPref ||
    asPathLength(a.attributes.asPath) - asPathLength(b.attributes.asPath) ||
    a.attributes.origin - b.attributes.origin ||
    pathCost(a) - pathCost(b)
  )
}
