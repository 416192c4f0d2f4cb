import { strict as assert } from 'node:assert'
import type { Prefix } from '@fivetuple/packet'
import { firstAs } from './as-path.js'
import { AFI_IPV4, CeaseSubcode, ErrorCode, SAFI_UNICAST } from './constants.js'
import { bestPath, equalCostPaths, pathCost, type RibPath } from './decision.js'
import { type BgpError, bgpError } from './errors.js'
import { type PathAttributes, sameAttributes } from './path-attributes.js'
import { prefixKey } from './prefix-key.js'
import { isDraining, mayAnnounce, type RibNeighbor } from './rib-neighbor.js'
import { type RibChange, RibSnapshot } from './rib-snapshot.js'
import type { Update } from './update.js'

/** Prefix in all Adj-RIBs-In. */
interface Entry {
  readonly prefix: Prefix
  /** Ordered by the neighbours' addresses. */
  readonly paths: RibPath[]
}

/** Adj-RIB-In of one neighbour. Its paths are in the entries. */
interface AdjRibIn {
  readonly routerId: number
  readonly prefixes: Set<number>
}

/** Announced prefixes that were not accepted, per cause. */
export interface RibRejections {
  /** Outside of `allowedPrefixes`. */
  notAllowed: number
  /**
   * The AS_PATH does not begin with the neighbour's AS (RFC 4271 §6.3): treated as withdrawn
   * (RFC 7606 §7.2).
   */
  firstAs: number
  /** The AS_PATH contains our own AS (RFC 4271 §9.1.2). */
  loop: number
  /** A path attribute is malformed: treated as withdrawn (RFC 7606 §2). */
  malformed: number
  /** Beyond `prefixLimit`, which ends the session. */
  overLimit: number
}

/** The prefix of a neighbour that was refused last. */
export interface RibRefusal {
  readonly prefix: Prefix
  readonly cause: keyof RibRejections
  /** In words. */
  readonly reason: string
  /** ms */
  readonly at: number
}

/** Refused announcements of one neighbour, over all its sessions. */
interface Refused {
  readonly counts: RibRejections
  last: RibRefusal | undefined
}

const NOTHING_REFUSED: RibRejections = { notAllowed: 0, firstAs: 0, loop: 0, malformed: 0, overLimit: 0 }
/** Names of the causes. */
export const RIB_REJECTIONS = Object.keys(NOTHING_REFUSED) as readonly (keyof RibRejections)[]

/**
 * Adj-RIB-In of all neighbours and the Loc-RIB made of them (RFC 4271 §9.1), with multipath: all
 * paths that are equal up to and including MED are used together. The work is per changed prefix,
 * never per table.
 */
export class Rib {
  readonly rejected: RibRejections = { ...NOTHING_REFUSED }
  readonly #localAs: number
  readonly #entries = new Map<number, Entry>()
  readonly #neighbors = new Map<RibNeighbor, AdjRibIn>()
  readonly #refused = new WeakMap<RibNeighbor, Refused>()
  readonly #changed = new Set<number>()
  #snapshot = RibSnapshot.empty

  constructor(localAs: number) {
    this.#localAs = localAs
  }

  /** The Loc-RIB as of the last {@link takeChanges}. */
  get snapshot(): RibSnapshot {
    return this.#snapshot
  }

  /** True while there may be changes to take. */
  get hasChanges(): boolean {
    return this.#changed.size > 0
  }

  /** Returns the number of prefixes accepted from a neighbour. */
  prefixCount(neighbor: RibNeighbor): number {
    return this.#neighbors.get(neighbor)?.prefixes.size ?? 0
  }

  /** Returns the refused prefixes of a neighbour per cause, over all its sessions. */
  rejectedFrom(neighbor: RibNeighbor): Readonly<RibRejections> {
    return this.#refused.get(neighbor)?.counts ?? NOTHING_REFUSED
  }

  /** The prefix of a neighbour that was refused last. */
  lastRefusal(neighbor: RibNeighbor): RibRefusal | undefined {
    return this.#refused.get(neighbor)?.last
  }

  /**
   * Adds a neighbour whose session is up.
   * @param routerId the BGP identifier in its OPEN
   */
  addNeighbor(neighbor: RibNeighbor, routerId: number): void {
    assert(!this.#neighbors.has(neighbor), `neighbour ${neighbor.name} is up already`)
    this.#neighbors.set(neighbor, { routerId, prefixes: new Set() })
  }

  /** Removes a neighbour whose session is down: its paths are void. */
  removeNeighbor(neighbor: RibNeighbor): void {
    for (const key of this.#neighbors.get(neighbor)?.prefixes ?? []) this.#removePath(neighbor, key)
    this.#neighbors.delete(neighbor)
  }

  /**
   * Processes an UPDATE of a neighbour that is up.
   * @returns an error if the neighbour has announced more prefixes than it may: the session must
   * end with it
   */
  update(neighbor: RibNeighbor, update: Update, now: number): BgpError | undefined {
    const adjRibIn = this.#neighbors.get(neighbor)
    assert(adjRibIn !== undefined, `neighbour ${neighbor.name} is not up`)
    for (const prefix of update.withdrawn) this.#withdraw(neighbor, adjRibIn, prefix)
    for (const prefix of update.faulty ?? []) this.#refuse(neighbor, 'malformed', update.fault ?? '', prefix, now)
    for (const { prefixes, attributes } of update.announced) {
      const unacceptable = this.#unacceptable(neighbor, attributes)
      for (const prefix of prefixes) {
        if (unacceptable !== undefined || !mayAnnounce(neighbor, prefix)) {
          const [cause, reason] = unacceptable ?? (['notAllowed', 'allowedPrefixes do not cover it'] as const)
          this.#refuse(neighbor, cause, reason, prefix, now)
          this.#withdraw(neighbor, adjRibIn, prefix) // it replaces what was announced before
          continue
        }
        const key = prefixKey(prefix)
        if (!adjRibIn.prefixes.has(key) && adjRibIn.prefixes.size >= neighbor.prefixLimit) {
          const error = tooManyPrefixes(neighbor)
          this.#refuse(neighbor, 'overLimit', error.message, prefix, now)
          return error
        }
        adjRibIn.prefixes.add(key)
        this.#setPath(key, prefix, neighbor, adjRibIn.routerId, attributes, now)
      }
    }
    return undefined
  }

  /**
   * Selects paths again for all prefixes that were touched since the last call. Returns those with
   * a different result.
   */
  takeChanges(now: number): RibChange[] {
    const changes: RibChange[] = []
    for (const key of this.#changed) {
      const { prefix, paths: all } = this.#entries.get(key)!
      if (all.length === 0) this.#entries.delete(key)
      const paths = equalCostPaths(all)
      if (samePaths(this.#snapshot.get(prefix)?.paths ?? [], paths)) continue
      const [first, ...others] = paths
      const route = first && {
        prefix,
        paths,
        best: bestPath([first, ...others]),
        cost: pathCost(first),
        since: now,
      }
      changes.push({ prefix, route })
    }
    this.#changed.clear()
    this.#snapshot = this.#snapshot.with(changes)
    return changes
  }

  /**
   * Returns the reason why no announcement with this AS_PATH is accepted from the neighbour, or
   * undefined.
   */
  #unacceptable({ as }: RibNeighbor, { asPath }: PathAttributes): [keyof RibRejections, string] | undefined {
    const first = firstAs(asPath)
    if (first !== as)
      return ['firstAs', `its AS_PATH begins with ${first === undefined ? 'no AS' : `AS ${first}`}, not with AS ${as}`]
    if (asPath.some(({ asns }) => asns.includes(this.#localAs)))
      return ['loop', `its AS_PATH has AS ${this.#localAs} in it`]
    return undefined
  }

  #refuse(neighbor: RibNeighbor, cause: keyof RibRejections, reason: string, prefix: Prefix, at: number): void {
    let refused = this.#refused.get(neighbor)
    if (refused === undefined) {
      refused = { counts: { ...NOTHING_REFUSED }, last: undefined }
      this.#refused.set(neighbor, refused)
    }
    this.rejected[cause]++
    refused.counts[cause]++
    refused.last = { prefix, cause, reason, at }
  }

  #setPath(
    key: number,
    prefix: Prefix,
    neighbor: RibNeighbor,
    routerId: number,
    attributes: PathAttributes,
    now: number,
  ): void {
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = { prefix, paths: [] }
      this.#entries.set(key, entry)
    }
    const { paths } = entry
    let i = 0
    while (i < paths.length && paths[i]!.neighbor.address < neighbor.address) i++
    const before = paths[i]?.neighbor === neighbor ? paths[i] : undefined
    if (before !== undefined && sameAttributes(before.attributes, attributes)) return
    const path = { neighbor, routerId, attributes, isDraining: isDraining(attributes), since: now }
    paths.splice(i, before === undefined ? 0 : 1, path)
    this.#changed.add(key)
  }

  #withdraw(neighbor: RibNeighbor, adjRibIn: AdjRibIn, prefix: Prefix): void {
    const key = prefixKey(prefix)
    if (adjRibIn.prefixes.delete(key)) this.#removePath(neighbor, key)
  }

  #removePath(neighbor: RibNeighbor, key: number): void {
    const { paths } = this.#entries.get(key)!
    paths.splice(
      paths.findIndex((path) => path.neighbor === neighbor),
      1,
    )
    this.#changed.add(key)
  }
}

/** RFC 4486 §4: the data contains the address family and the limit. */
function tooManyPrefixes({ name, prefixLimit }: RibNeighbor): BgpError {
  const data = new Uint8Array([0, AFI_IPV4, SAFI_UNICAST, 0, 0, 0, 0])
  new DataView(data.buffer).setUint32(3, prefixLimit)
  const why = `${name} announces more than the ${prefixLimit} prefixes of its prefixLimit`
  return bgpError(ErrorCode.CEASE, CeaseSubcode.MAX_PREFIXES, why, data)
}

function samePaths(a: readonly RibPath[], b: readonly RibPath[]): boolean {
  return a.length === b.length && a.every((path, i) => path === b[i])
}
