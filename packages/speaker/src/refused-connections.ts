/**
 * Number of recorded addresses: enough for a lab's daemons, and a limit on memory that strangers
 * can use.
 */
const ADDRESSES_MAX = 16

/** Refused connections from one address. */
export interface RefusedConnection {
  /** Dotted quad. */
  readonly address: string
  /** The neighbour that has this address; null: none has. */
  readonly neighbor: string | null
  /** Reason of the last refusal. */
  readonly reason: string
  readonly count: number
  /** Time since the last refusal, ms. */
  readonly agoMs: number
}

interface Entry {
  neighbor: string | null
  reason: string
  count: number
  at: number
}

/** Record of refused connections: the total, and the addresses of the last ones. */
export class RefusedConnections {
  total = 0
  /** By address; the one refused last comes last. */
  readonly #entries = new Map<string, Entry>()

  /** @param now ms */
  add(address: string, neighbor: string | null, reason: string, now: number): void {
    this.total++
    const count = (this.#entries.get(address)?.count ?? 0) + 1
    this.#entries.delete(address)
    this.#entries.set(address, { neighbor, reason, count, at: now })
    if (this.#entries.size <= ADDRESSES_MAX) return
    const [oldest] = this.#entries.keys()
    this.#entries.delete(oldest!)
  }

  /** The last one first. @param now ms */
  recent(now: number): RefusedConnection[] {
    return [...this.#entries]
      .map(([address, { neighbor, reason, count, at }]) => ({ address, neighbor, reason, count, agoMs: now - at }))
      .reverse()
  }
}
