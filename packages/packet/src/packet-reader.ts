import { readU16 } from './bytes.js'
import { IPV4_HEADER_BYTES, MAX_PACKET_BYTES } from './ipv4.js'

/** Receives a run of whole packets: `b[start, end)` is one or more packets back to back. */
export type PacketRunHandler = (b: Uint8Array, start: number, end: number) => void

/** Smallest space for a read: a smaller read would cost too much for its bytes. */
const READ_MIN_BYTES = 8 * 1024
/** Most free buffers that are kept; further ones that a burst needed are released. */
const SPARE_MAX = 4

export interface PacketReaderOptions {
  /**
   * Size of each buffer, bytes: the most that one read takes. At least two of the longest packets,
   * 131,070.
   */
  readonly bufferBytes: number
  readonly onRun: PacketRunHandler
  /**
   * Returns true if all bytes passed on so far are free again. Then the same memory is read into,
   * or else other memory. Default: always false.
   */
  readonly isFree?: (() => boolean) | undefined
}

/**
 * Splits a byte stream into packets by their IPv4 total length: the receiving half of a cable. The
 * stream is read into memory of the reader. Sans-IO: the owner reads into {@link space} and then
 * passes the number of bytes to {@link take}.
 *
 * A packet is passed on in place, and may be changed there. An incomplete packet stays, and the
 * bytes that follow are read behind it. It is copied only at the end of a buffer.
 */
export class PacketReader {
  readonly #options: PacketReaderOptions
  #buffer: Uint8Array
  /** Bounds of the bytes that have been read and not passed on: `#buffer[#start, #end)`. */
  #start = 0
  #end = 0
  #space: Uint8Array
  /** Buffers used before, which may not be free yet. */
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

  /** Bytes of an incomplete packet. */
  get pendingBytes(): number {
    return this.#end - this.#start
  }

  /**
   * Accepts the next `length` bytes of the stream, in {@link space}, and passes on the packets that
   * they complete.
   * @param skip bytes at their front that are not part of the stream
   * @returns false if the stream is no sequence of IPv4 packets: it can't be resynchronised and
   * must be closed. Packets before the malformed one have been passed on.
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

  /** Moves the incomplete packet to the front of this buffer, or of another one. */
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

/**
 * Returns the total length of the packet whose header starts at `o`, or -1 if it can't be an IPv4
 * packet.
 */
function packetLength(b: Uint8Array, o: number): number {
  const first = b[o]!
  const length = readU16(b, o + 2)
  return first >>> 4 === 4 && (first & 0x0f) >= 5 && length >= (first & 0x0f) << 2 ? length : -1
}
