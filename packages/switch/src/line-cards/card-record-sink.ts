import { type RecordBatch, type RecordSink, sendReport } from '@fivetuple/runtime'

/** Batches on their way to the switch; above, the card keeps its records. */
const BATCHES_MAX = 4

/** Opens the sink of a card's flow records: its switch, which passes them on to the launcher. */
export function cardRecordSink(onDrain: () => void): RecordSink {
  let sending = 0
  return {
    get isFull() {
      return sending >= BATCHES_MAX
    },
    write: (data: RecordBatch) => {
      sending++
      sendReport({ kind: 'event', event: 'records', data }, () => {
        sending--
        onDrain()
      })
    },
  }
}
