import { PacketBatch, type PacketOutput } from '@fivetuple/packet'
import type { StreamSocket } from '../socket/stream-socket.js'

/** Queue length at which whoever feeds the cable has to pause: about sixteen jumbo packets, far above one turn's batch. */
const QUEUE_MAX_BYTES = 1024 * 1024
/** Runs up to this size are copied into the batch: cheaper than one more entry in a vectored write. */
const COPY_MAX_BYTES = 1024
/** A batch buffer that grew beyond this in a burst is not kept. */
const KEEP_MAX_BYTES = 256 * 1024

/**
 * The sending half of a cable: what is put in during one turn of the event loop leaves in one write. While the kernel
 * has not taken a write, everything behind it gathers for the next one, so batches grow just when writes are slow.
 */
export class CableOutput implements PacketOutput {
  readonly #socket: StreamSocket
  readonly #onUnblocked: () => void
  #batch = new PacketBatch()
  /** Runs and cut-off batches before the current batch, in order. */
  #parts: Uint8Array[] = []
  #partsBytes = 0
  #flushScheduled = false
  #writing = false
  #wasBlocked = false
  #closed = false
  /** Packets' bytes handed to the socket. */
  bytesWritten = 0
  /** Writes to the socket. */
  writes = 0

  /** @param onUnblocked called when {@link blocked} has been seen true and the queue has drained to half */
  constructor(socket: StreamSocket, onUnblocked: () => void) {
    this.#socket = socket
    this.#onUnblocked = onUnblocked
  }

  /** Bytes that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#partsBytes + this.#batch.length + this.#socket.pendingBytes
  }

  get blocked(): boolean {
    if (!this.#writing && this.#partsBytes + this.#batch.length < QUEUE_MAX_BYTES) return false
    const blocked = this.queuedBytes >= QUEUE_MAX_BYTES
    if (blocked) this.#wasBlocked = true
    return blocked
  }

  /** Whether no given run is waiting or being written: the giver's buffers are its own again. */
  get idle(): boolean {
    return !this.#writing && this.#parts.length === 0
  }

  get buffer(): Uint8Array {
    return this.#batch.buffer
  }

  reserve(length: number): number {
    if (!this.#flushScheduled) this.#schedule()
    return this.#batch.reserve(length)
  }

  append(b: Uint8Array, start: number, end: number): void {
    if (!this.#flushScheduled) this.#schedule()
    this.#batch.append(b, start, end)
  }

  give(b: Uint8Array, start: number, end: number): void {
    if (end - start <= COPY_MAX_BYTES) {
      this.append(b, start, end)
      return
    }
    if (!this.#flushScheduled) this.#schedule()
    this.#cutBatch()
    this.#parts.push(b.subarray(start, end))
    this.#partsBytes += end - start
  }

  /** Writes what has gathered, unless a write is under way or the cable is gone. */
  flush(): void {
    if (this.#writing || this.#closed) return
    const length = this.#partsBytes + this.#batch.length
    if (length === 0) return
    this.bytesWritten += length
    this.writes++
    if (this.#parts.length === 0) this.#writeBatch()
    else this.#writeParts()
  }

  /** The kernel has taken something that it could not take at once. For the socket's owner. */
  onWritten(): void {
    if (this.#closed || this.#socket.pendingBytes > 0) return
    this.#writing = false
    this.flush()
    if (this.#wasBlocked && this.queuedBytes <= QUEUE_MAX_BYTES / 2) {
      this.#wasBlocked = false
      this.#onUnblocked()
    }
  }

  /** Drops what is queued; nothing is written any more. */
  close(): void {
    this.#closed = true
    this.#parts = []
    this.#partsBytes = 0
    this.#batch.clear()
  }

  #writeBatch(): void {
    const { buffer, length } = this.#batch
    const isTaken = this.#socket.write(length === buffer.length ? buffer : buffer.subarray(0, length))
    this.#writing = !isTaken
    if (isTaken && length <= KEEP_MAX_BYTES) this.#batch.clear()
    else this.#batch = new PacketBatch()
  }

  #writeParts(): void {
    this.#cutBatch()
    const parts = this.#parts
    this.#parts = []
    this.#partsBytes = 0
    this.#writing = !(parts.length === 1 ? this.#socket.write(parts[0]!) : this.#socket.writev(parts))
  }

  #cutBatch(): void {
    if (this.#batch.length === 0) return
    this.#partsBytes += this.#batch.length
    this.#parts.push(this.#batch.take())
  }

  #schedule(): void {
    this.#flushScheduled = true
    setImmediate(this.#onTurnEnd)
  }

  readonly #onTurnEnd = (): void => {
    this.#flushScheduled = false
    this.flush()
  }
}
