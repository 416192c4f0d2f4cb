export interface UnprovenConnectionsOptions<C> {
  /** Largest number of connections at once; of more, the oldest are closed. */
  readonly max: number
  /** Time in which a peer must prove itself, ms; Infinity: the owner limits it. */
  readonly timeoutMs: number
  readonly close: (connection: C, reason: string) => void
}

/**
 * Connections whose peers have not proved yet that they may use this listener. Every user of the
 * machine can open such connections, so they have their own deadline and limit: they compete with
 * each other, and never with connections that have proved themselves. A new connection is always
 * accepted; if there are too many, the oldest are closed.
 *
 * A connection is closed only after all bytes that have arrived are read. So a peer that sends its
 * proof at once stays, however many others arrive with it.
 */
export class UnprovenConnections<C> {
  readonly #options: UnprovenConnectionsOptions<C>
  /** Oldest first. */
  readonly #timers = new Map<C, NodeJS.Timeout | undefined>()
  #isEvictionScheduled = false

  constructor(options: UnprovenConnectionsOptions<C>) {
    this.#options = options
  }

  get count(): number {
    return this.#timers.size
  }

  add(connection: C): void {
    const { max, timeoutMs } = this.#options
    const timer = Number.isFinite(timeoutMs)
      ? setTimeout(() => afterReading(() => this.#close(connection, 'it has not proved itself in time')), timeoutMs)
      : undefined
    this.#timers.set(connection, timer)
    if (this.#timers.size <= max || this.#isEvictionScheduled) return
    this.#isEvictionScheduled = true
    afterReading(() => this.#evict())
  }

  /** Makes a connection the newest one, since its peer has made progress. */
  renew(connection: C): void {
    if (!this.#timers.has(connection)) return
    const timer = this.#timers.get(connection)
    this.#timers.delete(connection)
    this.#timers.set(connection, timer)
  }

  /**
   * Removes a connection that has proved itself or has been closed.
   * @returns false if it is unknown
   */
  remove(connection: C): boolean {
    clearTimeout(this.#timers.get(connection))
    return this.#timers.delete(connection)
  }

  #evict(): void {
    this.#isEvictionScheduled = false
    const surplus = this.#timers.size - this.#options.max
    if (surplus <= 0) return
    for (const connection of [...this.#timers.keys()].slice(0, surplus))
      this.#close(connection, 'too many connections that have not proved themselves')
  }

  #close(connection: C, reason: string): void {
    if (this.remove(connection)) this.#options.close(connection, reason)
  }
}

/**
 * Calls a function after two turns of the event loop: the first may be that of a timer or an
 * accept, and sockets are read between the two.
 */
function afterReading(then: () => void): void {
  setImmediate(() => setImmediate(then))
}
