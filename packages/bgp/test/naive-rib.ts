import type { PathAttributes, RibNeighbor } from '@fivetuple/bgp'
import { formatPrefix, type Prefix, prefixCovers } from '@fivetuple/packet'

interface Candidate {
  readonly neighbor: RibNeighbor
  readonly rank: string
  readonly med: number
  readonly leaving: boolean
}

/**
 * Oracle that computes the Loc-RIB again from all messages so far: slow, and written independently
 * of the implementation.
 */
export class NaiveRib {
  readonly #localAs: number
  readonly #said = new Map<RibNeighbor, Map<string, { prefix: Prefix; attributes: PathAttributes }>>()

  constructor(localAs: number) {
    this.#localAs = localAs
  }

  up(neighbor: RibNeighbor): void {
    this.#said.set(neighbor, new Map())
  }

  down(neighbor: RibNeighbor): void {
    this.#said.delete(neighbor)
  }

  announce(neighbor: RibNeighbor, prefix: Prefix, attributes: PathAttributes): void {
    this.#said.get(neighbor)?.set(formatPrefix(prefix), { prefix, attributes })
  }

  withdraw(neighbor: RibNeighbor, prefix: Prefix): void {
    this.#said.get(neighbor)?.delete(formatPrefix(prefix))
  }

  /** Each prefix with its cost and the names of the neighbours that it is reached by. */
  table(): Record<string, { cost: number; via: string[] }> {
    const candidates = new Map<string, Candidate[]>()
    for (const [neighbor, routes] of this.#said)
      for (const [text, { prefix, attributes }] of routes) {
        const asns = attributes.asPath.flatMap((segment) => segment.asns)
        if (asns.includes(this.#localAs) || asns[0] !== neighbor.as) continue
        if (!neighbor.allowedPrefixes.some((allowed) => prefixCovers(allowed, prefix))) continue
        const leaving = attributes.communities.includes(0xffff_0000)
        const hops = attributes.asPath.reduce((sum, { type, asns }) => sum + (type === 1 ? 1 : asns.length), 0)
        const med = attributes.med ?? 0
        // Fixed width, so that comparing text compares the criteria one by one.
        const rank = [hops, attributes.origin, med].map((n) => String(n).padStart(10, '0')).join()
        candidates.set(text, [...(candidates.get(text) ?? []), { neighbor, rank, med, leaving }])
      }
    const table: Record<string, { cost: number; via: string[] }> = {}
    for (const [text, announced] of candidates) {
      const withPort = announced.filter(({ neighbor }) => neighbor.forwards)
      const all = withPort.length > 0 ? withPort : announced
      const bestOf = (list: typeof all) => list.filter(({ rank }) => rank === list.map((c) => c.rank).sort()[0])
      const staying = all.filter(({ leaving }) => !leaving)
      const isLeft = bestOf(all).every(({ leaving }) => leaving)
      const equal = isLeft && staying.length > 0 ? bestOf(staying) : bestOf(all)
      equal.sort((a, b) => (a.neighbor.address < b.neighbor.address ? -1 : 1))
      table[text] = { cost: equal[0]!.med, via: equal.map(({ neighbor }) => neighbor.name) }
    }
    return table
  }
}
