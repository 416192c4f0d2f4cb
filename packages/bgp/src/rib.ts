import { type Prefix, prefixCovers } from '@fivetuple/packet'
import { CeaseSubcode, ErrorCode } from './constants.js'
import { type BgpError, bgpError } from './errors.js'
import { asPathLength, type PathAttributes } from './path-attributes.js'
import type { Update } from './update.js'

/** LOCAL_PREF of a route that came without one, as over eBGP. */
const DEFAULT_LOCAL_PREF = 100

/** A neighbour as the RIB sees it. */
export interface RibNeighbor {
  readonly name: string
  /** Its address: breaks ties, and orders equal paths. */
  readonly address: number
  /** An announcement must be one of these or more specific than one of these. */
  readonly allowedPrefixes: readonly Prefix[]
  /** Most prefixes taken from it. */
  readonly prefixLimit: number
}

/** One way to a prefix. */
export interface RibPath {
  readonly neighbor: RibNeighbor
  readonly attributes: PathAttributes
  /** When it was first announced as it is now, ms. */
  readonly since: number
}

/** A prefix with all paths that are equally good. */
export interface RibRoute {
  readonly prefix: Prefix
  /** At least one; ordered by the neighbours' addresses, whatever the order of arrival. */
  readonly paths: readonly RibPath[]
  /** MED of the paths. */
  readonly cost: number
  /** When this set of paths came to be, ms. */
  readonly since: number
}

/** What has changed for one prefix: `route` is undefined when no path is left. */
export interface RibChange {
  readonly prefix: Prefix
  readonly route: RibRoute | undefined
}

interface Entry {
  readonly prefix: Prefix
  readonly paths: Map<RibNeighbor, RibPath>
  route: RibRoute | undefined
}

/**
 * Adj-RIB-In of all neighbours and the Loc-RIB made of them (RFC 4271 §9.1), with multipath: all paths that are equal up
 * to and including MED are used together. MED is compared between neighbours of different ASes too, since it carries the
 * cost of a route here. Work is per changed prefix, never per table.
 */
export class Rib {
  readonly #localAs: number
  readonly #entries = new Map<number, Entry>()
  readonly #prefixes = new Map<RibNeighbor, Set<number>>()
  readonly #changed = new Set<number>()
  /** Announcements not taken, by cause. */
  readonly rejected = { notAllowed: 0, loop: 0, overLimit: 0 }

  constructor(localAs: number) {
    this.#localAs = localAs
  }

  /** Prefixes that have a route. */
  get size(): number {
    let size = 0
    for (const { route } of this.#entries.values()) if (route !== undefined) size++
    return size
  }

  /** Prefixes taken from a neighbour. */
  prefixCount(neighbor: RibNeighbor): number {
    return this.#prefixes.get(neighbor)?.size ?? 0
  }

  /** Whether there are changes to take. */
  get hasChanges(): boolean {
    return this.#changed.size > 0
  }

  /**
   * Takes an UPDATE.
   * @returns an error when the neighbour has announced more prefixes than it may: the session must end with it
   */
  update(neighbor: RibNeighbor, update: Update, now: number): BgpError | undefined {
    for (const prefix of update.withdrawn) this.#withdraw(neighbor, key(prefix))
    const { attributes } = update
    if (attributes === undefined) return undefined
    const loops = attributes.asPath.some(({ asns }) => asns.includes(this.#localAs)) // RFC 4271 §9.1.2
    for (const prefix of update.announced) {
      const k = key(prefix)
      if (loops || !neighbor.allowedPrefixes.some((allowed) => prefixCovers(allowed, prefix))) {
        if (loops) this.rejected.loop++
        else this.rejected.notAllowed++
        this.#withdraw(neighbor, k) // it replaces what was announced before
        continue
      }
      if (!this.#announce(neighbor, k, prefix, attributes, now)) {
        this.rejected.overLimit++
        return bgpError(
          ErrorCode.CEASE,
          CeaseSubcode.MAX_PREFIXES,
          `${neighbor.name} announces more than ${neighbor.prefixLimit} prefixes`,
        )
      }
    }
    return undefined
  }

  /** Forgets all paths of a neighbour: its session is down. */
  removeNeighbor(neighbor: RibNeighbor): void {
    const prefixes = this.#prefixes.get(neighbor)
    if (prefixes === undefined) return
    for (const k of [...prefixes]) this.#withdraw(neighbor, k)
    this.#prefixes.delete(neighbor)
  }

  /** Decides anew for all prefixes that were touched since the last call; returns what came out differently. */
  takeChanges(now: number): RibChange[] {
    const changes: RibChange[] = []
    for (const k of this.#changed) {
      const entry = this.#entries.get(k)!
      const before = entry.route
      const paths = bestPaths([...entry.paths.values()])
      if (entry.paths.size === 0) this.#entries.delete(k)
      if (samePaths(before?.paths ?? [], paths)) continue
      const [first] = paths
      entry.route = first && { prefix: entry.prefix, paths, cost: first.attributes.med, since: now }
      changes.push({ prefix: entry.prefix, route: entry.route })
    }
    this.#changed.clear()
    return changes
  }

  /** All routes, in no particular order, as of the last {@link takeChanges}. */
  *routes(): IterableIterator<RibRoute> {
    for (const { route } of this.#entries.values()) if (route !== undefined) yield route
  }

  #announce(neighbor: RibNeighbor, k: number, prefix: Prefix, attributes: PathAttributes, now: number): boolean {
    let prefixes = this.#prefixes.get(neighbor)
    if (prefixes === undefined) {
      prefixes = new Set()
      this.#prefixes.set(neighbor, prefixes)
    }
    if (!prefixes.has(k) && prefixes.size >= neighbor.prefixLimit) return false
    prefixes.add(k)
    let entry = this.#entries.get(k)
    if (entry === undefined) {
      entry = { prefix, paths: new Map(), route: undefined }
      this.#entries.set(k, entry)
    }
    const before = entry.paths.get(neighbor)
    if (before !== undefined && sameAttributes(before.attributes, attributes)) return true
    entry.paths.set(neighbor, { neighbor, attributes, since: now })
    this.#changed.add(k)
    return true
  }

  #withdraw(neighbor: RibNeighbor, k: number): void {
    const entry = this.#entries.get(k)
    if (entry?.paths.delete(neighbor)) this.#changed.add(k)
    this.#prefixes.get(neighbor)?.delete(k)
  }
}

/** The paths that are equally good by RFC 4271 §9.1.2.2 a to c, with LOCAL_PREF before them, ordered by neighbour. */
export function bestPaths(paths: readonly RibPath[]): RibPath[] {
  let best: RibPath[] = []
  for (const path of paths) {
    const order = best.length === 0 ? -1 : compare(path.attributes, best[0]!.attributes)
    if (order < 0) best = [path]
    else if (order === 0) best.push(path)
  }
  return best.sort((a, b) => a.neighbor.address - b.neighbor.address)
}

/** Negative when `a` is better. */
function compare(a: PathAttributes, b: PathAttributes): number {
  return (
    (b.localPref ?? DEFAULT_LOCAL_PREF) - (a.localPref ?? DEFAULT_LOCAL_PREF) ||
    asPathLength(a.asPath) - asPathLength(b.asPath) ||
    a.origin - b.origin ||
    a.med - b.med
  )
}

function samePaths(a: readonly RibPath[], b: readonly RibPath[]): boolean {
  return a.length === b.length && a.every((path, i) => path === b[i])
}

function sameAttributes(a: PathAttributes, b: PathAttributes): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

/** A number of its own for each prefix, exact in a double. */
function key({ address, length }: Prefix): number {
  return address * 64 + length
}
