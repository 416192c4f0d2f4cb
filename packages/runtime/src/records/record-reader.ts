import type { Unpackr } from 'msgpackr'
import { asRecordBatch, BATCH_MAX_BYTES, LENGTH_BYTES, type RecordBatch } from './record-batch.js'

/**
 * Decodes a stream of record batches. Bytes may come in any pieces. A message that is no batch is
 * counted and passed over; after a length that can't be true the rest of the stream is ignored.
 */
export class RecordReader {
  readonly #onBatch: (batch: RecordBatch) => void
  readonly #unpackr: Pick<Unpackr, 'unpack'>
  #bytes: Buffer = Buffer.alloc(0)
  #isBroken = false
  /** Messages that were no batches. */
  malformed = 0

  /** @param unpackr decodes one message */
  constructor(unpackr: Pick<Unpackr, 'unpack'>, onBatch: (batch: RecordBatch) => void) {
    this.#unpackr = unpackr
    this.#onBatch = onBatch
  }

  /** Creates a reader with the decoder of msgpackr. */
  static async create(onBatch: (batch: RecordBatch) => void): Promise<RecordReader> {
    const { Unpackr } = await import('msgpackr')
    return new RecordReader(new Unpackr({ useRecords: false }), onBatch)
  }

  read(chunk: Buffer): void {
    if (this.#isBroken) return
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    let start = 0
    while (this.#bytes.length - start >= LENGTH_BYTES) {
      const length = this.#bytes.readUInt32BE(start)
      if (length > BATCH_MAX_BYTES) {
        this.#isBroken = true
        this.malformed++
        this.#bytes = Buffer.alloc(0)
        return
      }
      const end = start + LENGTH_BYTES + length
      if (this.#bytes.length < end) break
      this.#take(this.#bytes.subarray(start + LENGTH_BYTES, end))
      start = end
    }
    this.#bytes = this.#bytes.subarray(start)
  }

  #take(message: Buffer): void {
    let batch: RecordBatch | undefined
    try {
      batch = asRecordBatch(this.#unpackr.unpack(message))
    } catch {
      batch = undefined
    }
    if (batch === undefined) this.malformed++
    else this.#onBatch(batch)
  }
}
