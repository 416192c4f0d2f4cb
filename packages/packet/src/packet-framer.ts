import { readU16 } from './bytes.js'
import { IPV4_HEADER_BYTES } from './ipv4.js'

/**
 * Takes runs of whole packets. `b[start, end)` is one or more packets back to back. The bytes belong to the receiver
 * only during the call, unless who feeds the framer hands over its chunks.
 */
export type PacketRunHandler = (b: Uint8Array, start: number, end: number) => void

/**
 * Cuts a byte stream into packets by their IPv4 total length: the receiving half of a cable. Sans-IO.
 *
 * A packet that lies inside one chunk is never copied; one that straddles chunks is put together in a buffer of its own.
 */
export class PacketFramer {
  readonly #onRun: PacketRunHandler
  /** Bytes of a packet whose header is not yet whole. */
  readonly #header = new Uint8Array(IPV4_HEADER_BYTES)
  #headerLength = 0
  /** The straddling packet once its length is known; a fresh buffer each time, so receivers may keep it. */
  #packet: Uint8Array | undefined
  #packetLength = 0

  constructor(onRun: PacketRunHandler) {
    this.#onRun = onRun
  }

  /** Bytes held of an unfinished packet. */
  get pendingBytes(): number {
    return this.#packet === undefined ? this.#headerLength : this.#packetLength
  }

  /**
   * Takes the next bytes of the stream.
   * @returns false when the stream is no sequence of IPv4 packets: it can't be resynchronised and must be closed.
   *   Packets before the bad one have been handed on.
   */
  push(chunk: Uint8Array, start: number, end: number): boolean {
    let o = start
    if (this.pendingBytes > 0) {
      o = this.#finishStraddling(chunk, start, end)
      if (o < 0) return false
      if (this.pendingBytes > 0) return true
    }
    const runStart = o
    let good = true
    while (end - o >= IPV4_HEADER_BYTES) {
      const length = packetLength(chunk, o)
      if (length < 0) {
        good = false
        break
      }
      if (length > end - o) break
      o += length
    }
    if (o > runStart) this.#onRun(chunk, runStart, o)
    if (good && o < end) this.#keepRest(chunk, o, end)
    return good
  }

  #keepRest(chunk: Uint8Array, o: number, end: number): void {
    if (end - o < IPV4_HEADER_BYTES) {
      this.#header.set(chunk.subarray(o, end))
      this.#headerLength = end - o
      return
    }
    this.#packet = new Uint8Array(packetLength(chunk, o))
    this.#packet.set(chunk.subarray(o, end))
    this.#packetLength = end - o
  }

  /** Returns the offset behind the bytes used, or -1 for a bad header. */
  #finishStraddling(chunk: Uint8Array, start: number, end: number): number {
    let o = start
    if (this.#packet === undefined) {
      const take = Math.min(IPV4_HEADER_BYTES - this.#headerLength, end - o)
      this.#header.set(chunk.subarray(o, o + take), this.#headerLength)
      this.#headerLength += take
      o += take
      if (this.#headerLength < IPV4_HEADER_BYTES) return o
      const length = packetLength(this.#header, 0)
      if (length < 0) return -1
      this.#packet = new Uint8Array(length)
      this.#packet.set(this.#header)
      this.#packetLength = IPV4_HEADER_BYTES
      this.#headerLength = 0
    }
    const packet = this.#packet
    const take = Math.min(packet.length - this.#packetLength, end - o)
    packet.set(chunk.subarray(o, o + take), this.#packetLength)
    this.#packetLength += take
    o += take
    if (this.#packetLength === packet.length) {
      this.#packet = undefined
      this.#packetLength = 0
      this.#onRun(packet, 0, packet.length)
    }
    return o
  }
}

/** Total length of the packet whose header starts at `o`, or -1 when it can't be an IPv4 packet. */
function packetLength(b: Uint8Array, o: number): number {
  const first = b[o]!
  const length = readU16(b, o + 2)
  return first >>> 4 === 4 && (first & 0x0f) >= 5 && length >= (first & 0x0f) << 2 ? length : -1
}
