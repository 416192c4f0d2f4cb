import { strict as assert } from 'node:assert'

/**
 * A range of source ports, assigned in the order of their release: a port rests for as long as the
 * range allows.
 */
export class SourcePorts {
  readonly first: number
  readonly last: number
  /** Ring of the free ports. */
  readonly #ring: Uint16Array
  #head = 0
  #free: number

  /** @param first first and @param last last port, inclusive, 1 to 65,535 */
  constructor(first: number, last: number) {
    assert(first >= 1 && first <= last && last <= 65_535, `ports ${first} to ${last}`)
    this.first = first
    this.last = last
    this.#ring = Uint16Array.from({ length: last - first + 1 }, (_, i) => first + i)
    this.#free = this.#ring.length
  }

  /** Ports in use. */
  get used(): number {
    return this.#ring.length - this.#free
  }

  /** Returns true if `port` lies in the range, used or not. */
  owns(port: number): boolean {
    return port >= this.first && port <= this.last
  }

  /** Takes the port that has rested longest; undefined when all are in use. */
  take(): number | undefined {
    if (this.#free === 0) return undefined
    this.#free--
    const port = this.#ring[this.#head]
    this.#head = (this.#head + 1) % this.#ring.length
    return port
  }

  /** Releases a port that was taken. */
  release(port: number): void {
    if (this.#free === this.#ring.length) assert.fail(`port ${port} came back twice`)
    this.#ring[(this.#head + this.#free++) % this.#ring.length] = port
  }
}
