import type { RecordBatch, RecordSink } from '@fivetuple/runtime'

/**
 * Flow records of line cards on their way to the launcher. If it is slow, batches are dropped, and
 * their rows are counted as lost.
 */
export class CardRecords {
  readonly #sink: RecordSink | undefined
  /** By card: rows that were dropped here. */
  readonly #dropped = new Map<number, number>()

  /** @param sink undefined: nobody collects records */
  constructor(sink: RecordSink | undefined) {
    this.#sink = sink
  }

  passOn(batch: RecordBatch): void {
    const dropped = this.#dropped.get(batch.part) ?? 0
    if (this.#sink?.isFull === true) this.#dropped.set(batch.part, dropped + batch.rows.length)
    else this.#sink?.write({ ...batch, lost: batch.lost + dropped })
  }

  /** Reports that a card has ended, and with it the flows that it had. */
  end(card: number): void {
    this.#sink?.write({ part: card, offsetMs: 0, lost: 0, flushed: 0, isLast: true, rows: [] })
  }
}
