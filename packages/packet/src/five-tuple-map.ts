import { murmur3 } from './hash/murmur3.js'

const MIN_SLOTS = 64
const EMPTY = 0
const USED = 1
const WORDS = 3

/**
 * A hash map from five-tuples to objects, keyed without building a key: linear probing over typed
 * arrays, deletion by backward shift, so no tombstones pile up. Iteration is over {@link values},
 * in no particular order.
 */
export class FiveTupleMap<T> {
  #slots = MIN_SLOTS
  #state = new Uint8Array(MIN_SLOTS)
  #protocol = new Uint8Array(MIN_SLOTS)
  #keys = new Uint32Array(MIN_SLOTS * WORDS)
  #values: (T | undefined)[] = new Array(MIN_SLOTS).fill(undefined)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(srcAddress: number, dstAddress: number, srcPort: number, dstPort: number, protocol: number): T | undefined {
    return this.#values[this.#find(srcAddress, dstAddress, ((srcPort << 16) | dstPort) >>> 0, protocol)]
  }

  /** Sets the value of a tuple; returns the value that it replaces. */
  set(
    srcAddress: number,
    dstAddress: number,
    srcPort: number,
    dstPort: number,
    protocol: number,
    value: T,
  ): T | undefined {
    if ((this.#size + 1) * 2 > this.#slots) this.#resize(this.#slots * 2)
    const ports = ((srcPort << 16) | dstPort) >>> 0
    const i = this.#find(srcAddress, dstAddress, ports, protocol)
    const before = this.#values[i]
    if (this.#state[i] === EMPTY) this.#size++
    this.#put(i, srcAddress, dstAddress, ports, protocol, value)
    return before
  }

  /** Removes a tuple; returns the value that it had. */
  delete(srcAddress: number, dstAddress: number, srcPort: number, dstPort: number, protocol: number): T | undefined {
    let hole = this.#find(srcAddress, dstAddress, ((srcPort << 16) | dstPort) >>> 0, protocol)
    const value = this.#values[hole]
    if (this.#state[hole] === EMPTY) return undefined
    const mask = this.#slots - 1
    // Close the hole: move up each later entry of the probe run that may live at the hole (Knuth
    // 6.4, algorithm R).
    for (let i = (hole + 1) & mask; this.#state[i] === USED; i = (i + 1) & mask) {
      const k = i * WORDS
      const home = this.#home(this.#keys[k]!, this.#keys[k + 1]!, this.#keys[k + 2]!, this.#protocol[i]!)
      if (((i - home) & mask) < ((i - hole) & mask)) continue
      this.#put(hole, this.#keys[k]!, this.#keys[k + 1]!, this.#keys[k + 2]!, this.#protocol[i]!, this.#values[i])
      hole = i
    }
    this.#state[hole] = EMPTY
    this.#values[hole] = undefined
    this.#size--
    if (this.#slots > MIN_SLOTS && this.#size * 8 < this.#slots) this.#resize(this.#slots / 2)
    return value
  }

  /** Iterates over the values. The map must not be changed meanwhile. */
  *values(): IterableIterator<T> {
    for (let i = 0; i < this.#slots; i++) if (this.#state[i] === USED) yield this.#values[i] as T
  }

  #home(srcAddress: number, dstAddress: number, ports: number, protocol: number): number {
    return murmur3(srcAddress, dstAddress, ports >>> 16, ports & 0xffff, protocol, 0) & (this.#slots - 1)
  }

  /** Returns the slot of the tuple, or the empty slot for it. */
  #find(srcAddress: number, dstAddress: number, ports: number, protocol: number): number {
    const mask = this.#slots - 1
    for (let i = this.#home(srcAddress, dstAddress, ports, protocol); ; i = (i + 1) & mask) {
      if (this.#state[i] === EMPTY) return i
      const k = i * WORDS
      if (
        this.#keys[k] === srcAddress &&
        this.#keys[k + 1] === dstAddress &&
        this.#keys[k + 2] === ports &&
        this.#protocol[i] === protocol
      )
        return i
    }
  }

  #put(i: number, srcAddress: number, dstAddress: number, ports: number, protocol: number, value: T | undefined): void {
    const k = i * WORDS
    this.#keys[k] = srcAddress
    this.#keys[k + 1] = dstAddress
    this.#keys[k + 2] = ports
    this.#protocol[i] = protocol
    this.#state[i] = USED
    this.#values[i] = value
  }

  #resize(slots: number): void {
    const state = this.#state
    const keys = this.#keys
    const protocols = this.#protocol
    const values = this.#values
    this.#slots = slots
    this.#state = new Uint8Array(slots)
    this.#protocol = new Uint8Array(slots)
    this.#keys = new Uint32Array(slots * WORDS)
    this.#values = new Array(slots).fill(undefined)
    for (let i = 0; i < state.length; i++) {
      if (state[i] === EMPTY) continue
      const k = i * WORDS
      const slot = this.#find(keys[k]!, keys[k + 1]!, keys[k + 2]!, protocols[i]!)
      this.#put(slot, keys[k]!, keys[k + 1]!, keys[k + 2]!, protocols[i]!, values[i])
    }
  }
}
