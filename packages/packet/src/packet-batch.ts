import type { PacketOutput } from './packet-output.js'

const INITIAL_BYTES = 16 * 1024

/**
 * A growing buffer of packets back to back, which a cable sends in one write. Never blocked by
 * itself.
 */
export class PacketBatch implements PacketOutput {
  readonly blocked = false
  buffer: Uint8Array
  #length = 0

  constructor(initialBytes: number = INITIAL_BYTES) {
    this.buffer = new Uint8Array(initialBytes)
  }

  /** Bytes in the batch. */
  get length(): number {
    return this.#length
  }

  reserve(length: number): number {
    const at = this.#length
    if (at + length > this.buffer.length) this.#grow(at + length)
    this.#length = at + length
    return at
  }

  writeCopy(b: Uint8Array, start: number, end: number): void {
    const at = this.reserve(end - start)
    this.buffer.set(start === 0 && end === b.length ? b : b.subarray(start, end), at)
  }

  writeOwned(b: Uint8Array, start: number, end: number): void {
    this.writeCopy(b, start, end)
  }

  /** Deletes the content and keeps the buffer. */
  clear(): void {
    this.#length = 0
  }

  /** Returns the content and continues with a new buffer. */
  take(): Uint8Array {
    const content = this.buffer.subarray(0, this.#length)
    this.buffer = new Uint8Array(INITIAL_BYTES)
    this.#length = 0
    return content
  }

  #grow(bytes: number): void {
    const grown = new Uint8Array(Math.max(bytes, this.buffer.length * 2))
    grown.set(this.buffer.subarray(0, this.#length))
    this.buffer = grown
  }
}
