import { Socket } from 'node:net'
import type { Packr } from 'msgpackr'
import { LENGTH_BYTES, RECORDS_FD_VARIABLE, type RecordBatch } from './record-batch.js'

/** Bytes that wait for a slow reader. Above, batches are not taken until it has read. */
const QUEUE_MAX_BYTES = 1024 * 1024

/**
 * Stream of record batches to the process that has forked this one, apart from the channel of
 * requests. If its reader is slow, {@link isFull} is true, and the sender keeps or drops its
 * records: nothing waits for the reader. Each batch is packed by itself (msgpack, no shared
 * structures), so a reader can begin at any batch.
 */
export class RecordStream {
  readonly #socket: Socket
  #packr: Packr | undefined
  #isClosed = false

  /** @param onDrain called when the stream has room again after it was full */
  private constructor(fd: number, onDrain: () => void) {
    this.#socket = new Socket({ fd, readable: false, writable: true })
    this.#socket.unref()
    this.#socket.on('drain', onDrain)
    this.#socket.on('error', () => {
      this.#isClosed = true // the launcher is gone, and so will this process
    })
  }

  /** Opens the stream that the launcher has provided; undefined: nobody collects records. */
  static open(onDrain: () => void): RecordStream | undefined {
    const fd = Number(process.env[RECORDS_FD_VARIABLE] ?? Number.NaN)
    if (!Number.isInteger(fd)) return undefined
    try {
      return new RecordStream(fd, onDrain)
    } catch {
      return undefined // no such descriptor: the variable was inherited by a process started by hand
    }
  }

  get isFull(): boolean {
    return this.#socket.writableLength > QUEUE_MAX_BYTES
  }

  async write({ part, offsetMs, lost, flushed, isLast, rows }: RecordBatch): Promise<void> {
    this.#packr ??= await loadPackr()
    if (this.#isClosed) return
    const packed = this.#packr.pack([part, offsetMs, lost, flushed, isLast, rows])
    const length = Buffer.allocUnsafe(LENGTH_BYTES)
    length.writeUInt32BE(packed.length, 0)
    this.#socket.cork()
    this.#socket.write(length)
    this.#socket.write(packed)
    this.#socket.uncork()
  }
}

/** Loaded with the first record: processes start faster without it. */
async function loadPackr(): Promise<Packr> {
  const { Packr } = await import('msgpackr')
  return new Packr({ useRecords: false })
}
