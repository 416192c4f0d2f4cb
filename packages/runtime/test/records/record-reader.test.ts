import { type RecordBatch, RecordReader, RecordSender } from '@fivetuple/runtime'
import { Packr, Unpackr } from 'msgpackr'
import t from 'tap'

const BATCHES: readonly RecordBatch[] = [
  { part: 0, offsetMs: 12.5, lost: 0, flushed: 0, isLast: false, rows: [[1, 0x7f140a01, 1.25, 'no-backend', []]] },
  { part: 2, offsetMs: -3, lost: 7, flushed: 4, isLast: false, rows: [] },
  { part: 2, offsetMs: 0, lost: 0, flushed: 0, isLast: true, rows: [] },
]

function framed(value: unknown): Buffer {
  const packed = new Packr({ useRecords: false }).pack(value)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(packed.length)
  return Buffer.concat([length, packed])
}

const listOf = ({ part, offsetMs, lost, flushed, isLast, rows }: RecordBatch) => [
  part,
  offsetMs,
  lost,
  flushed,
  isLast,
  rows,
]
const STREAM = Buffer.concat(BATCHES.map((batch) => framed(listOf(batch))))

function reader(): { readonly reader: RecordReader; readonly batches: RecordBatch[] } {
  const batches: RecordBatch[] = []
  return { reader: new RecordReader(new Unpackr({ useRecords: false }), (batch) => batches.push(batch)), batches }
}

t.test('a stream as a whole, byte by byte, and with a batch that is not complete', async (t) => {
  const whole = reader()
  whole.reader.read(STREAM)
  t.strictSame(whole.batches, BATCHES)
  const slow = reader()
  for (const byte of STREAM) slow.reader.read(Buffer.from([byte]))
  t.strictSame(slow.batches, BATCHES)
  const trailing = reader()
  trailing.reader.read(Buffer.concat([STREAM, STREAM.subarray(0, 20)]))
  t.strictSame(trailing.batches, BATCHES)
})

t.test('what is no batch is counted and passed over', async (t) => {
  const { reader: strict, batches } = reader()
  for (const value of [
    null,
    5,
    [],
    { rows: [] },
    [0, 0, 0, 0, false, 'rows'],
    [0, 'x', 0, 0, false, []],
    [0, 0, 0, 0, 1, []],
  ])
    strict.read(framed(value))
  strict.read(Buffer.from([0, 0, 0, 2, 0xc1, 0xc1]))
  strict.read(Buffer.from([0, 0, 0, 0]))
  t.equal(strict.malformed, 9)
  strict.read(STREAM)
  t.equal(batches.length, 3)
  strict.read(Buffer.from([0xff, 0, 0, 0, 1]))
  strict.read(STREAM)
  t.equal(batches.length, 3, 'after a length that can not be true nothing is read')
})

t.test('while its sink is full a sender keeps its records, and sends them afterwards', async (t) => {
  const rows = [1, 2, 3]
  const source = {
    lost: 0,
    get hasPending() {
      return rows.length > 0
    },
    takeRows: (max: number) => rows.splice(0, max),
  }
  const sent: RecordBatch[] = []
  const sink = { isFull: true, write: (batch: RecordBatch) => sent.push(batch) }
  const sender = new RecordSender({ source, sink, clock: { now: () => 0 }, part: 0 })
  sender.flush(1)
  t.same(sent, [])
  sink.isFull = false
  source.lost = 2
  sender.flush(2)
  t.match(sent, [{ rows: [1, 2, 3], lost: 2, flushed: 2 }])
  await new Promise(setImmediate)
  sender.flush(3)
  t.match(sent[1], { rows: [], flushed: 3 }, 'a flush is completed even if nothing waits')
  sender.close()
})
