import { mix32, prefixMask } from '@fivetuple/packet'
import type { RouteGroup } from './route-group.js'

/**
 * A page is split in two when pages hold more routes than this on average: copying one stays under
 * a microsecond.
 */
const PAGE_MAX_ROUTES = 32
/**
 * Pages are merged when they hold fewer than this on average; far enough below the maximum not to
 * flap.
 */
const PAGE_MIN_ROUTES = 4
/**
 * A page is picked by 16 bits of the hash: enough for two million routes in pages of 32, beyond it
 * pages just grow.
 */
const MAX_PAGES = 65_536
const MIN_SLOTS = 8

/**
 * Open addressing with linear probing, at most half full; `groups[i]` is undefined where a slot is
 * free.
 */
interface Page {
  readonly keys: Uint32Array
  readonly groups: (RouteGroup | undefined)[]
  readonly count: number
}

/**
 * All routes of one prefix length as an immutable hash table over the masked address, in pages that
 * snapshots share.
 *
 * Changing a route copies the list of pages and one page: at 100,000 routes that is 4,096
 * references and 64 slots instead of the whole table. The rebuild of everything happens only when
 * the number of pages doubles or halves.
 */
export class PrefixTable {
  readonly length: number
  readonly size: number
  readonly #mask: number
  readonly #pages: readonly Page[]
  readonly #pageMask: number

  private constructor(length: number, size: number, pages: readonly Page[]) {
    this.length = length
    this.size = size
    this.#mask = prefixMask(length)
    this.#pages = pages
    this.#pageMask = pages.length - 1
  }

  /** A table without routes for prefixes of `length` bits. */
  static empty(length: number): PrefixTable {
    return new PrefixTable(length, 0, [pageOf([])])
  }

  /** The group of the prefix of this length that contains `address`. */
  get(address: number): RouteGroup | undefined {
    const key = (address & this.#mask) >>> 0
    const h = mix32(key)
    const { keys, groups } = this.#pages[(h >>> 16) & this.#pageMask]!
    const slotMask = keys.length - 1
    for (let slot = h & slotMask; ; slot = (slot + 1) & slotMask) {
      const group = groups[slot]
      if (group === undefined || keys[slot] === key) return group
    }
  }

  /** All groups, in no particular order. */
  *groups(): IterableIterator<RouteGroup> {
    for (const page of this.#pages) for (const group of page.groups) if (group !== undefined) yield group
  }

  /**
   * The next table: each network address is set to its group, or taken away where that is
   * undefined.
   */
  with(changes: ReadonlyMap<number, RouteGroup | undefined>): PrefixTable {
    const byPage = new Map<number, Map<number, RouteGroup | undefined>>()
    for (const [address, group] of changes) {
      const page = (mix32(address) >>> 16) & this.#pageMask
      const inPage = byPage.get(page)
      if (inPage === undefined) byPage.set(page, new Map([[address, group]]))
      else inPage.set(address, group)
    }
    const pages = this.#pages.slice()
    let size = this.size
    for (const [index, inPage] of byPage) {
      const before = pages[index]!
      const after = pageOf([
        ...before.groups.filter((group) => group !== undefined && !inPage.has(group.route.prefix.address)),
        ...inPage.values(),
      ])
      size += after.count - before.count
      pages[index] = after
    }
    return new PrefixTable(this.length, size, repaged(pages, size))
  }
}

/**
 * The same routes in twice or half as many pages, as often as it takes to keep pages within their
 * bounds.
 */
function repaged(pages: readonly Page[], size: number): readonly Page[] {
  let count = pages.length
  while (count < MAX_PAGES && size > count * PAGE_MAX_ROUTES) count *= 2
  while (count > 1 && size < count * PAGE_MIN_ROUTES) count /= 2
  if (count === pages.length) return pages
  const buckets: RouteGroup[][] = Array.from({ length: count }, () => [])
  for (const page of pages)
    for (const group of page.groups)
      if (group !== undefined) buckets[(mix32(group.route.prefix.address) >>> 16) & (count - 1)]!.push(group)
  return buckets.map(pageOf)
}

function pageOf(content: readonly (RouteGroup | undefined)[]): Page {
  let count = 0
  for (const group of content) if (group !== undefined) count++
  let slots = MIN_SLOTS
  while (slots < count * 2) slots *= 2
  const keys = new Uint32Array(slots)
  const groups: (RouteGroup | undefined)[] = new Array(slots).fill(undefined)
  for (const group of content) {
    if (group === undefined) continue
    const key = group.route.prefix.address
    let slot = mix32(key) & (slots - 1)
    while (groups[slot] !== undefined) slot = (slot + 1) & (slots - 1)
    keys[slot] = key
    groups[slot] = group
  }
  return { keys, groups, count }
}
