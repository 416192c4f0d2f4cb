/** One read: a jumbo segment's payload, so that each becomes one packet at most. */
const READ_BYTES = 65_495
/**
 * From here on a read is kept where it lies, and the next one goes elsewhere: dearer to copy than
 * to allocate.
 */
const LARGE_BYTES = 8 * 1024
/**
 * Small reads are copied side by side into slabs; each lives until all its bytes have been
 * acknowledged.
 */
const SLAB_BYTES = 32 * 1024
/**
 * Buffers kept for use again, 4 MiB; what a burst needed beyond is left to the garbage collector.
 */
const FREE_MAX = 64
/** Below this a loop is faster than a view and a call into the engine. */
const COPY_BY_HAND_MAX_BYTES = 256

/**
 * Read buffers of the sockets of an edge, and the chunks that a flow can keep of them until they
 * are acknowledged. All sockets share one buffer, out of which small reads are copied; one that
 * brings much gets buffers of its own, which are handed on whole and, once acknowledged, used
 * again: to allocate them anew each time would keep the garbage collector busy for longer than the
 * bytes take to pass.
 */
export class ReadChunks {
  readonly #shared = new Uint8Array(READ_BYTES)
  #slab = new Uint8Array(SLAB_BYTES)
  #slabUsed = 0
  /** Buffers of {@link READ_BYTES} that were handed on and came back. */
  readonly #free: ArrayBufferLike[] = []

  /** The buffer of a socket that has not read yet. */
  get first(): Uint8Array {
    return this.#shared
  }

  /** A chunk that nobody else will touch, of what has been read to `b[0, length)`. */
  take(b: Uint8Array, length: number): Uint8Array {
    if (length >= LARGE_BYTES) return b === this.#shared ? b.slice(0, length) : b.subarray(0, length)
    if (this.#slabUsed + length > SLAB_BYTES) {
      this.#slab = new Uint8Array(SLAB_BYTES)
      this.#slabUsed = 0
    }
    const at = this.#slabUsed
    this.#slabUsed = at + length
    const chunk = this.#slab.subarray(at, at + length)
    if (length <= COPY_BY_HAND_MAX_BYTES) for (let i = 0; i < length; i++) chunk[i] = b[i]!
    else chunk.set(b.subarray(0, length))
    return chunk
  }

  /** Returns the buffer of the next read of a socket whose last read was {@link take}n. */
  next(length: number): Uint8Array {
    if (length < LARGE_BYTES) return this.#shared
    const memory = this.#free.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES).buffer
    return new Uint8Array(memory)
  }

  /** Nobody needs a chunk any more: a buffer that was handed on whole is read into again. */
  readonly recycle = (chunk: Uint8Array): void => {
    // By its size, and that of a chunk that was copied out of the shared buffer to its full length.
    if (chunk.buffer.byteLength === READ_BYTES && this.#free.length < FREE_MAX) this.#free.push(chunk.buffer)
  }
}
