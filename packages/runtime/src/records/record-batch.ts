/**
 * Batch of records that a process sends to the one that has forked it. The rows are the business of
 * their sender and of the collector; here they are opaque.
 */
export interface RecordBatch {
  /** Part of the sender, as a line card: 0 for the process itself. */
  readonly part: number
  /** Time that the sender's clock has to be put forward by to get that of the machine, ms. */
  readonly offsetMs: number
  /** Records that were lost since the start of this part, because a queue was full. */
  readonly lost: number
  /** Number of the last flush that was requested and is complete with this batch. */
  readonly flushed: number
  /** True for the last batch of this part: its process has ended. */
  readonly isLast: boolean
  /** One record each, as arrays of numbers and text. */
  readonly rows: readonly unknown[]
}

/**
 * Environment variable with the file descriptor of the stream to which a process writes its
 * batches. Missing: nothing collects them.
 */
export const RECORDS_FD_VARIABLE = 'FIVETUPLE_RECORDS_FD'
/** Bytes of the length in front of each batch. */
export const LENGTH_BYTES = 4
/** Largest batch, bytes: more than any sender makes of its most rows. */
export const BATCH_MAX_BYTES = 4 * 1024 * 1024

/**
 * Returns a decoded message as a batch; undefined if it is none. Its rows are examined by the
 * collector.
 */
export function asRecordBatch(value: unknown): RecordBatch | undefined {
  if (!Array.isArray(value) || value.length !== 6) return undefined
  const [part, offsetMs, lost, flushed, isLast, rows] = value as unknown[]
  const areNumbers = [part, offsetMs, lost, flushed].every((number) => Number.isFinite(number))
  if (!areNumbers || typeof isLast !== 'boolean' || !Array.isArray(rows)) return undefined
  return { part, offsetMs, lost, flushed, isLast, rows } as RecordBatch
}
