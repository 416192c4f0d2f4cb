const INITIAL_PORTS = 64
const FREE = -1

/**
 * The source ports of one BIP towards one backend endpoint and protocol, and the session that holds
 * each: allocation and reverse lookup in one. Ports never used come first, then those released
 * longest ago, so that a port rests for as long as the range allows before the backend sees it
 * again. Ports that were {@link block}ed come last.
 */
export class PortPool {
  readonly #first: number
  readonly #count: number
  readonly #start: number
  /**
   * Session by place in the order in which ports are first used, see {@link allocate}; grows with
   * them.
   */
  #sessions = new Int32Array(INITIAL_PORTS).fill(FREE)
  /** Ports handed out at least once. */
  #fresh = 0
  /** Released ports, a ring. */
  #ring = new Uint16Array(64)
  #ringHead = 0
  #ringSize = 0
  /** Places of ports that this machine could not use, longest ago first. */
  readonly #blocked: number[] = []
  #used = 0
  /** Most ports in use. */
  #usable: number

  /**
   * @param first first and @param last last port of the range, inclusive
   * @param start which of them, counted from 0, is handed out first; the others follow in order,
   * and around
   */
  constructor(first: number, last: number, start = 0) {
    this.#first = first
    this.#count = last - first + 1
    this.#start = start % this.#count
    this.#usable = this.#count
  }

  /** Ports in use. */
  get used(): number {
    return this.#used
  }

  /**
   * Limits the ports in use: a fault, as if the range were smaller. Ports in use stay.
   *
   * @param usable 0 to all of the range; null: all
   */
  limit(usable: number | null): void {
    this.#usable = Math.min(usable ?? this.#count, this.#count)
  }

  /** True while all usable ports are in use. */
  get isExhausted(): boolean {
    return this.#used >= this.#usable
  }

  /**
   * Ports that this machine could not use, and that are tried again only if no other port is free.
   */
  get blocked(): number {
    return this.#blocked.length
  }

  /** Takes a port for `session`; returns -1 when all are in use. */
  allocate(session: number): number {
    const port = this.allocateUnblocked(session)
    if (port !== -1 || this.isExhausted) return port
    const offset = this.#blocked.shift()
    return offset === undefined ? -1 : this.#take(offset, session)
  }

  /** Takes a port that is not blocked; returns -1 if there is none. */
  allocateUnblocked(session: number): number {
    if (this.#used >= this.#usable) return -1
    let offset: number
    if (this.#fresh < this.#count) {
      offset = this.#fresh++
      if (offset === this.#sessions.length) this.#growSessions()
    } else if (this.#ringSize > 0) {
      offset = this.#ring[this.#ringHead]!
      this.#ringHead = (this.#ringHead + 1) & (this.#ring.length - 1)
      this.#ringSize--
    } else return -1
    return this.#take(offset, session)
  }

  /** The session that holds `port`, or -1. */
  sessionOf(port: number): number {
    if (port < this.#first || port >= this.#first + this.#count) return FREE
    const offset = this.#offsetOf(port)
    return offset < this.#fresh ? this.#sessions[offset]! : FREE
  }

  /** Gives a port back. It must be in use. */
  release(port: number): void {
    const offset = this.#offsetOf(port)
    this.#sessions[offset] = FREE
    this.#used--
    if (this.#ringSize === this.#ring.length) this.#growRing()
    this.#ring[(this.#ringHead + this.#ringSize) & (this.#ring.length - 1)] = offset
    this.#ringSize++
  }

  /** Gives back a port that this machine can't use at present. It must be in use. */
  block(port: number): void {
    const offset = this.#offsetOf(port)
    this.#sessions[offset] = FREE
    this.#used--
    this.#blocked.push(offset)
  }

  #take(offset: number, session: number): number {
    this.#sessions[offset] = session
    this.#used++
    const place = this.#start + offset
    return this.#first + (place < this.#count ? place : place - this.#count)
  }

  #offsetOf(port: number): number {
    const offset = port - this.#first - this.#start
    return offset < 0 ? offset + this.#count : offset
  }

  #growSessions(): void {
    const sessions = new Int32Array(Math.min(this.#sessions.length * 2, this.#count)).fill(FREE)
    sessions.set(this.#sessions)
    this.#sessions = sessions
  }

  #growRing(): void {
    const ring = new Uint16Array(this.#ring.length * 2)
    for (let i = 0; i < this.#ringSize; i++) ring[i] = this.#ring[(this.#ringHead + i) & (this.#ring.length - 1)]!
    this.#ring = ring
    this.#ringHead = 0
  }
}
