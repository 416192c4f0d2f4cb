import { ipv4TotalLength, PacketBatch, type PacketOutput } from '@fivetuple/packet'
import type { CablePort } from '@fivetuple/runtime'

/** Takes a packet, of which it owns the bytes. */
export type PacketSink = (packet: Uint8Array) => void

/** Calls `take` with a copy of each packet of `b[start, end)`. */
export function eachPacket(b: Uint8Array, start: number, end: number, take: PacketSink): void {
  for (let o = start; o < end; ) {
    const next = o + ipv4TotalLength(b, o)
    take(b.slice(o, next))
    o = next
  }
}

/**
 * Output that stands before the cable of a port while the link has faults: each packet is copied to
 * `take`, at the end of the callback that wrote it. A port is blocked while its cable is, so the
 * flow control of cables works as ever; what `take` holds never blocks it.
 */
export class PacketTap implements PacketOutput {
  readonly #port: CablePort
  readonly #take: PacketSink
  #batch = new PacketBatch()
  #isScheduled = false

  constructor(port: CablePort, take: PacketSink) {
    this.#port = port
    this.#take = take
  }

  /** True if all that was written has been taken. */
  get isEmpty(): boolean {
    return this.#batch.length === 0
  }

  get blocked(): boolean {
    return this.#port.isCableBlocked
  }

  get buffer(): Uint8Array {
    return this.#batch.buffer
  }

  reserve(length: number): number {
    this.#schedule()
    return this.#batch.reserve(length)
  }

  reserveHead(head: number, b: Uint8Array, start: number, end: number): number {
    const at = this.reserve(head + end - start)
    this.#batch.buffer.set(b.subarray(start, end), at + head)
    return at
  }

  writeCopy(b: Uint8Array, start: number, end: number): void {
    this.#schedule()
    this.#batch.writeCopy(b, start, end)
  }

  writeOwned(b: Uint8Array, start: number, end: number): void {
    this.writeCopy(b, start, end)
  }

  /** Passes on what was written. */
  flush(): void {
    const { buffer, length } = this.#batch
    if (length === 0) return
    // Taking a packet may write others.
    this.#batch = new PacketBatch()
    eachPacket(buffer, 0, length, this.#take)
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.flush()
    })
  }
}
