import type { Prefix } from '@fivetuple/packet'
import type { AsSegment } from './as-path.js'
import { Origin, SegmentType } from './constants.js'
import type { PathAttributes } from './path-attributes.js'
import { prefixKey } from './prefix-key.js'
import { encodeAnnouncements, encodeEndOfRib, encodeWithdrawals } from './update.js'

/** A route that originates here, or that was learned from another AS and is passed on. */
export interface OriginatedRoute {
  readonly prefix: Prefix
  /** Cost of the route, 32 bits; missing means 0. */
  readonly med?: number
  /** NEXT_HOP, an address as an unsigned 32-bit number; without it the neighbour's default. */
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
 * What a neighbour has been told about a prefix: the attributes by which routes share a message.
 */
interface Told {
  readonly prefix: Prefix
  readonly group: string
}

/**
 * What one eBGP neighbour is to know: the routes that originate here or are passed on, with our AS
 * in front of their paths. Remembers what the neighbour has been told, and produces the messages
 * that make up the difference.
 */
export class AdjRibOut {
  readonly #localAs: number
  readonly #nextHop: number
  readonly #routes = new Map<number, OriginatedRoute>()
  readonly #told = new Map<number, Told>()
  /** Prefixes for which the two may differ. */
  readonly #dirty = new Set<number>()
  #endOfRibDue = false

  /** @param nextHop NEXT_HOP of routes that don't name one */
  constructor(localAs: number, nextHop: number) {
    this.#localAs = localAs
    this.#nextHop = nextHop
  }

  /** Routes that the neighbour is to know. */
  get size(): number {
    return this.#routes.size
  }

  /** Routes that the neighbour has been told of. */
  get toldCount(): number {
    return this.#told.size
  }

  /** Adds or replaces a route. */
  announce(route: OriginatedRoute): void {
    const key = prefixKey(route.prefix)
    this.#routes.set(key, route)
    this.#dirty.add(key)
  }

  /** Takes a route away. */
  withdraw(prefix: Prefix): void {
    const key = prefixKey(prefix)
    if (this.#routes.delete(key)) this.#dirty.add(key)
  }

  /** A new session: the neighbour knows nothing. The next messages end with End-of-RIB. */
  restart(): void {
    this.#told.clear()
    this.#dirty.clear()
    for (const key of this.#routes.keys()) this.#dirty.add(key)
    this.#endOfRibDue = true
  }

  /** The neighbour wants to hear everything again (RFC 2918). */
  refresh(): void {
    for (const [key, { prefix }] of this.#told) {
      this.#told.set(key, { prefix, group: '' })
      this.#dirty.add(key)
    }
  }

  /**
   * The messages that tell the neighbour what it does not know yet: withdrawals, then
   * announcements.
   */
  takeMessages(fourOctetAs: boolean): Uint8Array[] {
    const withdrawn: Prefix[] = []
    const groups = new Map<string, { attributes: PathAttributes; prefixes: Prefix[] }>()
    for (const key of this.#dirty) {
      const route = this.#routes.get(key)
      const told = this.#told.get(key)
      if (route === undefined) {
        if (told !== undefined) withdrawn.push(told.prefix)
        this.#told.delete(key)
        continue
      }
      const id = groupOf(route)
      if (told?.group === id) continue
      this.#told.set(key, { prefix: route.prefix, group: id })
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
