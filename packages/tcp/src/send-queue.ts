import { copyBytes } from './copy-bytes.js'

/**
 * Smallest number of released slots that are removed from the array's front, if they are half of
 * those used.
 */
const COMPACT_AT = 64
/** Largest array that is kept when the queue is empty. A larger one is released. */
const KEEP_SLOTS = 64

/**
 * Bytes passed to `send` and not acknowledged. Chunks are kept by reference. A cursor marks the end
 * of the bytes sent once, so that sending needs no search.
 */
export class SendQueue {
  /**
   * Chunks from `#head` up to `#tail`. Empty slots stay: an array cut to nothing would be allocated
   * again.
   */
  readonly #chunks: (Uint8Array | undefined)[] = []
  #head = 0
  #tail = 0
  /** Acknowledged bytes of the head chunk. */
  #headOffset = 0
  #cursorChunk = 0
  #cursorOffset = 0
  readonly #onReleased: ((chunk: Uint8Array) => void) | undefined
  /** Bytes in the queue: in flight and unsent. */
  length = 0
  /** Bytes behind the cursor, not sent. */
  unsent = 0

  /** @param onReleased called for each chunk that has been released to its end */
  constructor(onReleased?: (chunk: Uint8Array) => void) {
    this.#onReleased = onReleased
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks[this.#tail++] = chunk
    this.length += chunk.length
    this.unsent += chunk.length
  }

  /**
   * Copies the next `n` unsent bytes to `to[at]` and counts them as sent. `n` is at most
   * {@link unsent}.
   */
  copyUnsent(to: Uint8Array, at: number, n: number): void {
    let left = n
    let o = at
    while (left > 0) {
      const chunk = this.#chunks[this.#cursorChunk]!
      const take = Math.min(left, chunk.length - this.#cursorOffset)
      copyBytes(chunk, this.#cursorOffset, to, o, take)
      this.#cursorOffset += take
      if (this.#cursorOffset === chunk.length) {
        this.#cursorChunk++
        this.#cursorOffset = 0
      }
      o += take
      left -= take
    }
    this.unsent -= n
  }

  /**
   * Returns the chunk that holds the next `n` unsent bytes in one piece, from {@link unsentOffset}
   * on, or undefined.
   */
  chunkOfUnsent(n: number): Uint8Array | undefined {
    const chunk = this.#chunks[this.#cursorChunk]
    return chunk !== undefined && chunk.length - this.#cursorOffset >= n ? chunk : undefined
  }

  get unsentOffset(): number {
    return this.#cursorOffset
  }

  /** Counts the next `n` unsent bytes, which lie in one piece, as sent. */
  skipUnsent(n: number): void {
    this.#cursorOffset += n
    if (this.#cursorOffset === this.#chunks[this.#cursorChunk]!.length) {
      this.#cursorChunk++
      this.#cursorOffset = 0
    }
    this.unsent -= n
  }

  /** Copies `n` bytes, which are in flight, again, from `skip` bytes behind the first on. */
  copySent(to: Uint8Array, at: number, skip: number, n: number): void {
    let left = n
    let o = at
    let i = this.#head
    let offset = this.#headOffset + skip
    while (left > 0) {
      const chunk = this.#chunks[i++]!
      const take = Math.min(left, chunk.length - offset)
      if (take <= 0) {
        offset -= chunk.length
        continue
      }
      copyBytes(chunk, offset, to, o, take)
      offset = 0
      o += take
      left -= take
    }
  }

  /** Removes the first `n` bytes: they are acknowledged. */
  release(n: number): void {
    this.length -= n
    let left = n
    while (left > 0) {
      const chunk = this.#chunks[this.#head]!
      const here = chunk.length - this.#headOffset
      if (left < here) {
        this.#headOffset += left
        return
      }
      left -= here
      this.#chunks[this.#head++] = undefined
      this.#onReleased?.(chunk)
      this.#headOffset = 0
    }
    if (this.#head === this.#tail) this.#rewind()
    else if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#tail) this.#compact()
  }

  clear(): void {
    this.length = 0
    this.unsent = 0
    this.#headOffset = 0
    this.#chunks.length = 0
    this.#rewind()
  }

  /** Resets the positions of an empty queue. */
  #rewind(): void {
    if (this.#chunks.length > KEEP_SLOTS) this.#chunks.length = 0
    this.#head = 0
    this.#tail = 0
    this.#cursorChunk = 0
    this.#cursorOffset = 0
  }

  #compact(): void {
    this.#chunks.length = this.#tail
    this.#chunks.splice(0, this.#head)
    this.#tail -= this.#head
    this.#cursorChunk -= this.#head
    this.#head = 0
  }
}
