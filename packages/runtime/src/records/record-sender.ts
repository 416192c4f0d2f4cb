import type { Clock } from '../clock.js'
import { machineTimeUs } from '../happenings/machine-time.js'
import type { RecordBatch } from './record-batch.js'

/**
 * Time that records wait for others, ms: a flow that ends meanwhile needs one record and not two.
 */
const FLUSH_MS = 100
/** Most rows of a batch. */
const ROWS_MAX = 1_000

/** Queue of records: the part of a process that makes them. */
export interface RecordSource {
  readonly hasPending: boolean
  /** Records that were lost since the start. */
  readonly lost: number
  takeRows(max: number): readonly unknown[]
}

/** Sink of batches; {@link isFull} while its reader is slow. */
export interface RecordSink {
  readonly isFull: boolean
  write(batch: RecordBatch): unknown
}

export interface RecordSenderOptions {
  readonly source: RecordSource
  readonly sink: RecordSink
  readonly clock: Clock
  /** Number of the line card; 0: there are none. */
  readonly part: number
}

/**
 * Sends the records of a source in batches. It arms a timer only while records wait. While the sink
 * is full, they stay in the source, which is bounded and counts those that it loses.
 */
export class RecordSender {
  readonly #options: RecordSenderOptions
  readonly #offsetMs: number
  #timer: NodeJS.Timeout | undefined
  #flushed = 0
  #lostSent = 0

  constructor(options: RecordSenderOptions) {
    this.#options = options
    this.#offsetMs = machineTimeUs() / 1_000 - options.clock.now()
  }

  /** Called when the source has records and had none before, and when the sink has room again. */
  wake(): void {
    this.#timer ??= setTimeout(() => this.#send(), FLUSH_MS).unref()
  }

  /**
   * Sends all records that wait. The last batch has this number, and is sent even if it is empty.
   */
  flush(number: number): void {
    this.#flushed = number
    this.#send(true)
  }

  close(): void {
    this.#send()
    clearTimeout(this.#timer)
  }

  #send(evenIfEmpty = false): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { source, sink, part } = this.#options
    let mustSend = evenIfEmpty || source.lost !== this.#lostSent
    while ((source.hasPending || mustSend) && !sink.isFull) {
      const rows = source.takeRows(ROWS_MAX)
      const flushed = source.hasPending ? 0 : this.#flushed
      this.#lostSent = source.lost
      mustSend = false
      void sink.write({ part, offsetMs: this.#offsetMs, lost: source.lost, flushed, isLast: false, rows })
    }
    if (source.hasPending) this.wake()
  }
}
