import type { ClusterEvent, EventEnvelope, Happening } from './event.js'

/** Number of events that the log keeps unless the configuration says otherwise. */
export const EVENTS_KEPT = 10_000

/**
 * Log of the cluster's events: a ring that keeps the newest ones. Readers hold a place in it and
 * no events, so that a slow reader costs no memory; see `read-events.ts`.
 *
 * Pure: times come in with each event.
 */
export class EventLog {
  readonly #ring: ClusterEvent[] = []
  readonly #kept: number
  readonly #observers = new Set<() => void>()
  #last = 0
  #isClosed = false

  /** @param kept number of events that are kept, at least 1 */
  constructor(kept = EVENTS_KEPT) {
    this.#kept = kept
  }

  /** Place of the newest event; 0: there is none. */
  get last(): number {
    return this.#last
  }

  /** Place of the oldest event that is kept; 1 if there is none yet. */
  get first(): number {
    return Math.max(1, this.#last - this.#kept + 1)
  }

  /** True when no event follows. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Appends an event. Returns it with its place. */
  append(happening: Happening, envelope: Omit<EventEnvelope, 'seq'>): ClusterEvent {
    const seq = ++this.#last
    const { at, mono, node, cause } = envelope
    const event: ClusterEvent = { seq, at, mono, node, ...happening, ...(cause !== undefined && { cause }) }
    this.#ring[seq % this.#kept] = event
    this.#notify()
    return event
  }

  /** Event at a place; undefined: it has left the log, or there is none yet. */
  at(seq: number): ClusterEvent | undefined {
    return seq >= this.first && seq <= this.#last ? this.#ring[seq % this.#kept] : undefined
  }

  /** Events from the newest to the oldest. */
  *[Symbol.iterator](): Generator<ClusterEvent, void> {
    for (let seq = this.#last; seq >= this.first; seq--) yield this.at(seq)!
  }

  /** Calls `observe` after each event and at the end, until the returned function is called. */
  subscribe(observe: () => void): () => void {
    this.#observers.add(observe)
    return () => this.#observers.delete(observe)
  }

  /** Ends the streams of all readers when they have read the last event. */
  close(): void {
    this.#isClosed = true
    this.#notify()
  }

  #notify(): void {
    for (const observe of [...this.#observers]) observe()
  }
}
