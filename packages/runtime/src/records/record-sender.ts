import type { Clock } from '../clock.js'
import { machineTimeUs } from '../happenings/machine-time.js'
import type { RecordBatch } from './record-batch.js'

/**
 * Time that records wait for others, ms: a flow that ends meanwhile needs one record and not two.
 */
const FLUSH_MS = 100
/** Most rows of a batch, and of a turn of the event loop: a millisecond or two. */
const ROWS_MAX = 500

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
  #isSending = false
  /** Number of the last flush that was requested, and of the last one that is complete. */
  #requested = 0
  #flushed = 0
  #lostSent = 0

  constructor(options: RecordSenderOptions) {
    this.#options = options
    this.#offsetMs = machineTimeUs() / 1_000 - options.clock.now()
  }

  /** Called when the source has records and had none before, and when the sink has room again. */
  wake(): void {
    if (!this.#isSending) this.#timer ??= setTimeout(() => this.#start(), FLUSH_MS).unref()
  }

  /**
   * Sends all records that wait. The last batch has this number, and is sent even if it is empty.
   */
  flush(number: number): void {
    this.#requested = number
    this.#start()
  }

  /** Sends what waits, as far as the sink takes it. */
  close(): void {
    clearTimeout(this.#timer)
    while (this.#sendBatch());
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#isSending) return
    this.#isSending = true
    this.#step()
  }

  /** Sends a batch per turn of the event loop, so that packets never wait for many of them. */
  readonly #step = (): void => {
    if (this.#sendBatch()) {
      setImmediate(this.#step)
      return
    }
    this.#isSending = false
    if (this.#options.source.hasPending) this.wake()
  }

  /** Returns false if there is nothing to send, or the sink is full. */
  #sendBatch(): boolean {
    const { source, sink, part } = this.#options
    const isDue = source.hasPending || this.#requested !== this.#flushed || source.lost !== this.#lostSent
    if (!isDue || sink.isFull) return false
    const rows = source.takeRows(ROWS_MAX)
    const flushed = source.hasPending ? 0 : this.#requested
    if (flushed > 0) this.#flushed = flushed
    this.#lostSent = source.lost
    void sink.write({ part, offsetMs: this.#offsetMs, lost: source.lost, flushed, isLast: false, rows })
    return true
  }
}
