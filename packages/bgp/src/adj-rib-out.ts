import type { Prefix } from '@fivetuple/packet'
import type { AsSegment } from './as-path.js'
import { Origin, SegmentType } from './constants.js'
import type { PathAttributes } from './path-attributes.js'
import { prefixKey } from './prefix-key.js'
import { encodeAnnouncements, encodeEndOfRib, encodeWithdrawals } from './update.js'

/** Route that originates here, or that was learned from another AS and is passed on. */
export interface OriginatedRoute {
  readonly prefix: Prefix
  /** Cost of the route, 32 bits; 0 if missing. */
  readonly med?: number
  /** NEXT_HOP, an unsigned 32-bit number; without it the neighbour's default. */
  readonly nextHop?: number
  /** COMMUNITIES (RFC 1997), 32-bit values. */
  readonly communities?: readonly number[]
  /**
   * AS_PATH as it was learned, to which our AS is prepended (RFC 4271 §5.1.2); missing: the route
   * originates here.
   */
  readonly asPath?: readonly AsSegment[]
}

/**
 * Advertised state of a prefix. `group` identifies the attributes by which routes share a message.
 */
interface Advertised {
  readonly prefix: Prefix
  readonly group: string
}

/**
 * Routes for one eBGP neighbour, which originate here or are passed on with our AS in front of
 * their paths. It keeps what has been advertised to the neighbour, and returns the messages for the
 * difference.
 */
export class AdjRibOut {
  readonly #localAs: number
  readonly #nextHop: number
  readonly #routes = new Map<number, OriginatedRoute>()
  readonly #advertised = new Map<number, Advertised>()
  /** Prefixes whose route and advertised state may differ. */
  readonly #dirty = new Set<number>()
  #endOfRibDue = false

  /** @param nextHop NEXT_HOP of routes that do not name one */
  constructor(localAs: number, nextHop: number) {
    this.#localAs = localAs
    this.#nextHop = nextHop
  }

  /** Number of routes for the neighbour. */
  get size(): number {
    return this.#routes.size
  }

  /** Number of routes that have been advertised to the neighbour. */
  get advertisedCount(): number {
    return this.#advertised.size
  }

  /** Adds or replaces a route. */
  announce(route: OriginatedRoute): void {
    const key = prefixKey(route.prefix)
    this.#routes.set(key, route)
    this.#dirty.add(key)
  }

  /** Removes a route. */
  withdraw(prefix: Prefix): void {
    const key = prefixKey(prefix)
    if (this.#routes.delete(key)) this.#dirty.add(key)
  }

  /** Starts a new session: nothing has been advertised. The next messages end with End-of-RIB. */
  restart(): void {
    this.#advertised.clear()
    this.#dirty.clear()
    for (const key of this.#routes.keys()) this.#dirty.add(key)
    this.#endOfRibDue = true
  }

  /** Marks all routes to be advertised again (RFC 2918). */
  refresh(): void {
    for (const [key, { prefix }] of this.#advertised) {
      this.#advertised.set(key, { prefix, group: '' })
      this.#dirty.add(key)
    }
  }

  /** Returns the messages that bring the neighbour up to date: withdrawals, then announcements. */
  takeMessages(fourOctetAs: boolean): Uint8Array[] {
    const withdrawn: Prefix[] = []
    const groups = new Map<string, { attributes: PathAttributes; prefixes: Prefix[] }>()
    for (const key of this.#dirty) {
      const route = this.#routes.get(key)
      const advertised = this.#advertised.get(key)
      if (route === undefined) {
        if (advertised !== undefined) withdrawn.push(advertised.prefix)
        this.#advertised.delete(key)
        continue
      }
      const id = groupOf(route)
      if (advertised?.group === id) continue
      this.#advertised.set(key, { prefix: route.prefix, group: id })
      const group = groups.get(id)
      if (group === undefined) groups.set(id, { attributes: this.#attributes(route), prefixes: [route.prefix] })
      else group.prefixes.push(route.prefix)
    }
    this.#dirty.clear()
    const messages = encodeWithdrawals(withdrawn)
    for (const group of groups.values()) messages.push(...encodeAnnouncements(group, fourOctetAs))
    if (this.#endOfRibDue) messages.push(encodeEndOfRib())
    this.#endOfRibDue = false
    return messages
  }

  #attributes({ med, nextHop, communities, asPath = [] }: OriginatedRoute): PathAttributes {
    return {
      origin: Origin.IGP,
      asPath: [{ type: SegmentType.AS_SEQUENCE, asns: [this.#localAs] }, ...asPath],
      nextHop: nextHop ?? this.#nextHop,
      med,
      localPref: undefined, // RFC 4271 §5.1.5: not to external peers
      communities: communities ?? [],
    }
  }
}

function groupOf({ med, nextHop, communities, asPath = [] }: OriginatedRoute): string {
  const path = asPath.map(({ type, asns }) => `${type}:${asns.join(',')}`).join(';')
  return `${med ?? ''} ${nextHop ?? ''} ${communities?.join(',') ?? ''} ${path}`
}
