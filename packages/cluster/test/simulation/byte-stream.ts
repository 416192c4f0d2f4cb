import { strict as assert } from 'node:assert'
import type { Random } from '@fivetuple/faults'

/** Byte `i` of stream `id`: any byte out of place, or of another stream, shows. */
export function byteOf(id: number, i: number): number {
  return (Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(id + 1, 0x85ebca6b)) >>> 24
}

/** Makes the bytes of a stream piece by piece. */
export class StreamSource {
  readonly #id: number
  readonly #length: number
  #at = 0

  constructor(id: number, length: number) {
    this.#id = id
    this.#length = length
  }

  get isDone(): boolean {
    return this.#at === this.#length
  }

  /** The next piece, of random size. */
  next(random: Random): Uint8Array {
    const piece = new Uint8Array(Math.min(1 + random.int(4_000), this.#length - this.#at))
    for (let i = 0; i < piece.length; i++) piece[i] = byteOf(this.#id, this.#at++)
    return piece
  }
}

/** Checks the bytes of a stream as they arrive (invariant 1). */
export class StreamSink {
  readonly #id: number
  received = 0
  ended = false

  constructor(id: number) {
    this.#id = id
  }

  take(b: Uint8Array, start: number, end: number): void {
    assert(!this.ended, `stream ${this.#id}: bytes behind its end`)
    for (let o = start; o < end; o++, this.received++) {
      const expected = byteOf(this.#id, this.received)
      if (b[o] !== expected) assert.equal(b[o], expected, `stream ${this.#id}, byte ${this.received}`)
    }
  }

  end(): void {
    this.ended = true
  }
}
