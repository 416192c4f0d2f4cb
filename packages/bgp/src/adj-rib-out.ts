import { formatPrefix, type Prefix } from '@fivetuple/packet'
import { Origin, SegmentType } from './constants.js'
import type { PathAttributes } from './path-attributes.js'
import { encodeAnnouncements, encodeEndOfRib, encodeWithdrawals } from './update.js'

/** A route that originates here. */
export interface OriginatedRoute {
  readonly prefix: Prefix
  /** Cost of the route; 0 is not sent, and means the same. */
  readonly med?: number
  /** NEXT_HOP; without it the session's own address. */
  readonly nextHop?: number
}

/** What one eBGP neighbour is told: the routes that originate here, each with our AS as its path. */
export class AdjRibOut {
  readonly #localAs: number
  readonly #nextHop: number
  readonly #routes = new Map<string, OriginatedRoute>()

  /** @param nextHop NEXT_HOP of routes that don't name one */
  constructor(localAs: number, nextHop: number) {
    this.#localAs = localAs
    this.#nextHop = nextHop
  }

  get size(): number {
    return this.#routes.size
  }

  /** Adds or replaces a route. Returns the messages to send on an established session. */
  announce(route: OriginatedRoute, fourOctetAs: boolean): Uint8Array[] {
    this.#routes.set(formatPrefix(route.prefix), route)
    return encodeAnnouncements([route.prefix], this.#attributes(route), fourOctetAs)
  }

  /** Takes a route away. Returns the messages to send; none when it was not announced. */
  withdraw(prefix: Prefix): Uint8Array[] {
    return this.#routes.delete(formatPrefix(prefix)) ? encodeWithdrawals([prefix]) : []
  }

  /** Everything, for a session that has just been established; ends with End-of-RIB. */
  all(fourOctetAs: boolean): Uint8Array[] {
    const groups = new Map<string, { attributes: PathAttributes; prefixes: Prefix[] }>()
    for (const route of this.#routes.values()) {
      const attributes = this.#attributes(route)
      const id = `${attributes.med} ${attributes.nextHop}`
      const group = groups.get(id)
      if (group === undefined) groups.set(id, { attributes, prefixes: [route.prefix] })
      else group.prefixes.push(route.prefix)
    }
    return [
      ...[...groups.values()].flatMap(({ attributes, prefixes }) =>
        encodeAnnouncements(prefixes, attributes, fourOctetAs),
      ),
      encodeEndOfRib(),
    ]
  }

  #attributes({ med, nextHop }: OriginatedRoute): PathAttributes {
    return {
      origin: Origin.IGP,
      asPath: [{ type: SegmentType.AS_SEQUENCE, asns: [this.#localAs] }],
      nextHop: nextHop ?? this.#nextHop,
      med: med ?? 0,
      localPref: undefined,
      communities: [],
    }
  }
}
