import { readU16 } from './bytes.js'
import { IPV4_HEADER_BYTES, MAX_PACKET_BYTES } from './ipv4.js'

/** Takes runs of whole packets: `b[start, end)` is one or more packets back to back. */
export type PacketRunHandler = (b: Uint8Array, start: number, end: number) => void

/** A read into less than this would bring too little for what it costs. */
const READ_MIN_BYTES = 8 * 1024
/** Buffers that were lent and are free again; what a burst needed beyond is given back. */
const SPARE_MAX = 4

export interface PacketReaderOptions {
  /**
   * Size of each buffer: what one read takes at most; two of the longest packets at least, 131,070.
   */
  readonly bufferBytes: number
  readonly onRun: PacketRunHandler
  /**
   * True if all bytes ever handed on are free again. Then the same memory is read into, else other
   * memory. Default: they are kept for good.
   */
  readonly isFree?: (() => boolean) | undefined
}

/**
 * Cuts a byte stream into packets by their IPv4 total length, in memory of its own that the stream
 * is read into: the receiving half of a cable. Sans-IO: the owner reads to {@link space} and then
 * says how much.
 *
 * A packet is handed on where it was read, and may be changed there. One that is not whole yet
 * stays, and what follows is read behind it: only at the end of a buffer is it copied.
 */
export class PacketReader {
  readonly #options: PacketReaderOptions
  #buffer: Uint8Array
  /** Of what has been read and not handed on: `#buffer[#start, #end)`. */
  #start = 0
  #end = 0
  #space: Uint8Array
  /** Left behind, and not known to be free. */
  #lent: Uint8Array[] = []
  readonly #spare: Uint8Array[] = []

  constructor(options: PacketReaderOptions) {
    this.#options = options
    this.#buffer = new Uint8Array(options.bufferBytes)
    this.#space = this.#buffer
  }

  /**
   * Space for the next bytes of the stream, from its first byte on; never empty. Changes with each
   * {@link take}.
   */
  get space(): Uint8Array {
    return this.#space
  }

  /** Bytes held of an unfinished packet. */
  get pendingBytes(): number {
    return this.#end - this.#start
  }

  /**
   * The next `length` bytes of the stream lie in {@link space}; hands on the packets that are whole
   * with them.
   * @param skip bytes at their front that are no part of the stream
   * @returns false when the stream is no sequence of IPv4 packets: it can't be resynchronised and
   * must be closed. Packets before the bad one have been handed on.
   */
  take(length: number, skip = 0): boolean {
    this.#end += length
    this.#start += skip
    const b = this.#buffer
    const start = this.#start
    const end = this.#end
    let o = start
    while (end - o >= IPV4_HEADER_BYTES) {
      const bytes = packetLength(b, o)
      if (bytes < 0) break
      if (bytes > end - o) break
      o += bytes
    }
    this.#start = o
    if (o > start) this.#options.onRun(b, start, o)
    if (end - o >= IPV4_HEADER_BYTES && packetLength(b, o) < 0) return false
    this.#makeSpace()
    return true
  }

  #makeSpace(): void {
    const pending = this.#end - this.#start
    const isFree = this.#options.isFree?.() ?? false
    if (isFree && this.#lent.length > 0) this.#takeBack()
    if (isFree && pending === 0) {
      if (this.#end > 0) this.#space = this.#buffer
      this.#start = 0
      this.#end = 0
      return
    }
    const wanted = pending < IPV4_HEADER_BYTES ? MAX_PACKET_BYTES : packetLength(this.#buffer, this.#start)
    const { length } = this.#buffer
    if (length - this.#start < wanted || length - this.#end < READ_MIN_BYTES) this.#moveOn(isFree)
    this.#space = this.#buffer.subarray(this.#end)
  }

  /** To the front of this buffer, or of another one. */
  #moveOn(isFree: boolean): void {
    const { bufferBytes } = this.#options
    if (isFree) this.#buffer.copyWithin(0, this.#start, this.#end)
    else {
      const before = this.#buffer
      if (this.#options.isFree !== undefined && this.#lent.length < SPARE_MAX) this.#lent.push(before)
      this.#buffer = this.#spare.pop() ?? new Uint8Array(bufferBytes)
      this.#buffer.set(before.subarray(this.#start, this.#end))
    }
    this.#end -= this.#start
    this.#start = 0
  }

  #takeBack(): void {
    for (const buffer of this.#lent) if (this.#spare.length < SPARE_MAX) this.#spare.push(buffer)
    this.#lent = []
  }
}

/** Total length of the packet whose header starts at `o`, or -1 when it can't be an IPv4 packet. */
function packetLength(b: Uint8Array, o: number): number {
  const first = b[o]!
  const length = readU16(b, o + 2)
  return first >>> 4 === 4 && (first & 0x0f) >= 5 && length >= (first & 0x0f) << 2 ? length : -1
}
