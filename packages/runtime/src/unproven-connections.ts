export interface UnprovenConnectionsOptions<C> {
  /** Most connections at once; beyond it the oldest are closed. */
  readonly max: number
  /** Time to prove itself, ms; Infinity: the owner takes care of it. */
  readonly timeoutMs: number
  readonly close: (connection: C, reason: string) => void
}

/**
 * Connections whose peers have not proved yet that they may use this listener. Every user of the machine can open such
 * connections, so they have a deadline and a budget of their own: they compete with each other only, and never with
 * connections that have proved themselves. A new one is always taken, and the oldest ones make room for it.
 *
 * Nothing is closed before what has arrived by then has been read, so a peer that sends its proof at once is not closed by
 * however many others that arrive with it.
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

  /** Makes a connection the youngest, since its peer has sent something of worth. */
  renew(connection: C): void {
    if (!this.#timers.has(connection)) return
    const timer = this.#timers.get(connection)
    this.#timers.delete(connection)
    this.#timers.set(connection, timer)
  }

  /**
   * Takes a connection out that has proved itself or has been closed.
   * @returns false if it is not in here
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

/** Two turns: the first may be that of a timer or an accept, and sockets are read between it and the second. */
function afterReading(then: () => void): void {
  setImmediate(() => setImmediate(then))
}
