import { ipv4TotalLength, PacketBatch, type PacketOutput } from '@fivetuple/packet'

/**
 * One direction of a wire for packets. Packets written in one turn are delivered in the next, and
 * then their bytes are overwritten.
 */
export class PacketWire implements PacketOutput {
  readonly #batch = new PacketBatch()
  readonly #defer: (run: () => void) => void
  readonly #deliver: (b: Uint8Array, start: number, end: number) => void
  #isScheduled = false
  blocked = false
  /** True while nothing is delivered. */
  isCut = false
  /** All packets that were written, complete. */
  readonly log: Uint8Array[] = []

  /** @param defer runs a function later: on virtual time, or in the event loop's next turn */
  constructor(defer: (run: () => void) => void, deliver: (b: Uint8Array, start: number, end: number) => void) {
    this.#defer = defer
    this.#deliver = deliver
  }

  get buffer(): Uint8Array {
    return this.#batch.buffer
  }

  writeCopy(b: Uint8Array, start: number, end: number): void {
    this.reserve(end - start)
    this.buffer.set(b.subarray(start, end), this.#batch.length - (end - start))
  }

  writeOwned(b: Uint8Array, start: number, end: number): void {
    this.writeCopy(b, start, end)
  }

  reserve(length: number): number {
    if (!this.#isScheduled) {
      this.#isScheduled = true
      this.#defer(() => this.#pass())
    }
    return this.#batch.reserve(length)
  }

  #pass(): void {
    this.#isScheduled = false
    const b = this.#batch.take()
    for (let o = 0; o < b.length; o += ipv4TotalLength(b, o)) {
      const end = o + ipv4TotalLength(b, o)
      this.log.push(b.slice(o, end))
      if (!this.isCut) this.#deliver(b, o, end)
    }
    b.fill(0xee) // shows in a receiver that has kept a view
  }
}
