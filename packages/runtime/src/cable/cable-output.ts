import { PacketBatch, type PacketOutput } from '@fivetuple/packet'
import type { StreamSocket } from '../socket/stream-socket.js'

/**
 * Queue length, bytes, at which writers of the cable must pause: about sixteen jumbo packets, far
 * above the batch of one turn.
 */
const QUEUE_MAX_BYTES = 1024 * 1024
/**
 * Size, bytes, up to which runs are copied into the batch: that costs less than one more entry in a
 * vectored write.
 */
const COPY_MAX_BYTES = 1024
/** Size of a batch buffer, bytes, above which it is deleted after a burst. */
const KEEP_MAX_BYTES = 256 * 1024

/**
 * Sending half of a cable: all packets of one turn of the event loop leave in one write. Until the
 * kernel has taken a write, packets behind it are gathered for the next one. So batches grow when
 * writes are slow.
 */
export class CableOutput implements PacketOutput {
  readonly #socket: StreamSocket
  readonly #onUnblocked: () => void
  #batch = new PacketBatch()
  /** Runs written without a copy, in order, and the offset in the batch that each precedes. */
  #owned: Uint8Array[] = []
  #ownedAt: number[] = []
  #ownedBytes = 0
  /** True while a flush at the end of this turn, or {@link uncork}, is due. */
  #flushScheduled = false
  #isCorked = false
  #writing = false
  #wasBlocked = false
  #closed = false
  /** Number of bytes of packets that the socket was given. */
  bytesWritten = 0
  /** Number of writes to the socket. */
  writes = 0

  /**
   * @param onUnblocked called if {@link blocked} has been read as true, when half of the queue has
   * drained
   */
  constructor(socket: StreamSocket, onUnblocked: () => void) {
    this.#socket = socket
    this.#onUnblocked = onUnblocked
  }

  /** Number of bytes that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#ownedBytes + this.#batch.length + this.#socket.pendingBytes
  }

  get blocked(): boolean {
    if (!this.#writing && this.#ownedBytes + this.#batch.length < QUEUE_MAX_BYTES) return false
    const blocked = this.queuedBytes >= QUEUE_MAX_BYTES
    if (blocked) this.#wasBlocked = true
    return blocked
  }

  /** True while no run of {@link writeOwned} is queued or being written: its bytes may change. */
  get idle(): boolean {
    return !this.#writing && this.#owned.length === 0
  }

  get buffer(): Uint8Array {
    return this.#batch.buffer
  }

  reserve(length: number): number {
    if (!this.#flushScheduled) this.#schedule()
    return this.#batch.reserve(length)
  }

  writeCopy(b: Uint8Array, start: number, end: number): void {
    if (!this.#flushScheduled) this.#schedule()
    this.#batch.writeCopy(b, start, end)
  }

  writeOwned(b: Uint8Array, start: number, end: number): void {
    if (end - start <= COPY_MAX_BYTES) {
      this.writeCopy(b, start, end)
      return
    }
    if (!this.#flushScheduled) this.#schedule()
    this.#insert(b, start, end)
  }

  reserveHead(head: number, b: Uint8Array, start: number, end: number): number {
    const at = this.reserve(head)
    this.#insert(b, start, end)
    return at
  }

  /**
   * Delays all packets until {@link uncork}, which must follow within this turn and sends them in
   * one write. This saves a pass of the event loop, which is most of the cost of a single packet.
   */
  cork(): void {
    this.#isCorked = !this.#flushScheduled
    this.#flushScheduled = true
  }

  /** Ends {@link cork} and writes all that was gathered. */
  uncork(): void {
    if (this.#isCorked) this.#flushScheduled = false
    this.#isCorked = false
    this.flush()
  }

  /** Writes all that was gathered, unless a write is under way or the cable is gone. */
  flush(): void {
    if (this.#writing || this.#closed) return
    const length = this.#ownedBytes + this.#batch.length
    if (length === 0) return
    this.bytesWritten += length
    this.writes++
    const isTaken = this.#owned.length === 0 ? this.#socket.write(this.#batchFrom(0, length)) : this.#writePieces()
    this.#writing = !isTaken
    this.#ownedBytes = 0
    if (isTaken && this.#batch.length <= KEEP_MAX_BYTES) this.#batch.clear()
    else this.#batch = new PacketBatch()
    this.#reportIfUnblocked() // packets of one turn may block the cable and be taken at once
  }

  /** Handles that the kernel has taken bytes later. For the owner of the socket. */
  onWritten(): void {
    if (this.#closed || this.#socket.pendingBytes > 0) return
    this.#writing = false
    this.flush()
    this.#reportIfUnblocked()
  }

  /** Drops all that is queued; nothing is written any more. */
  close(): void {
    this.#closed = true
    this.#owned = []
    this.#ownedAt = []
    this.#ownedBytes = 0
    this.#batch.clear()
  }

  #reportIfUnblocked(): void {
    if (!this.#wasBlocked || this.queuedBytes > QUEUE_MAX_BYTES / 2) return
    this.#wasBlocked = false
    this.#onUnblocked()
  }

  #insert(b: Uint8Array, start: number, end: number): void {
    this.#owned.push(b.subarray(start, end))
    this.#ownedAt.push(this.#batch.length)
    this.#ownedBytes += end - start
  }

  #writePieces(): boolean {
    const owned = this.#owned
    const at = this.#ownedAt
    this.#owned = []
    this.#ownedAt = []
    if (owned.length === 1 && this.#batch.length === 0) return this.#socket.write(owned[0]!)
    const pieces: Uint8Array[] = []
    let o = 0
    for (let i = 0; i < owned.length; i++) {
      if (at[i]! > o) pieces.push(this.#batchFrom(o, at[i]!))
      o = at[i]!
      pieces.push(owned[i]!)
    }
    if (this.#batch.length > o) pieces.push(this.#batchFrom(o, this.#batch.length))
    return this.#socket.writev(pieces)
  }

  #batchFrom(start: number, end: number): Uint8Array {
    const { buffer } = this.#batch
    return start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end)
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
