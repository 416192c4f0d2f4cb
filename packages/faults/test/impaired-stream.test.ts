import assert from 'node:assert/strict'
import { type Fault, ImpairedStream, LinkFaults, type StreamItem, type StreamSegment } from '@fivetuple/faults'
import fc from 'fast-check'
import t from 'tap'

/** Stream over a link with faults, on virtual time. */
class Connection {
  now = 0
  readonly link = new LinkFaults<StreamSegment>()
  readonly stream = new ImpairedStream((segment, bytes, now) => this.link.impair(segment, bytes, now, 'control'))
  /** Items that have arrived in order, and when. */
  readonly taken: { readonly at: number; readonly item: StreamItem }[] = []

  write(item: StreamItem): void {
    this.stream.write(item, this.now)
  }

  /** Lets time pass, from one deadline to the next. */
  run(until: number): void {
    for (;;) {
      const at = Math.min(this.link.deadline(), this.stream.deadline())
      if (at > until) break
      this.now = Math.max(this.now, at)
      for (let due = this.link.next(this.now); due !== undefined; due = this.link.next(this.now))
        this.stream.receive(due.item, this.now)
      this.stream.onTimeout(this.now)
      for (let item = this.stream.take(); item !== undefined; item = this.stream.take())
        this.taken.push({ at: this.now, item })
    }
    this.now = until
  }

  get bytes(): number[] {
    return this.taken.flatMap(({ item }) => (typeof item === 'string' ? [] : [...item]))
  }
}

const message = (length: number, first = 0): Uint8Array => Uint8Array.from({ length }, (_, i) => first + i)

t.test('without faults everything arrives at once', async (t) => {
  const connection = new Connection()
  for (const item of ['open', message(19), 'end'] as const) connection.write(item)
  connection.run(0)
  t.strictSame(
    connection.taken.map(({ at, item }) => [at, typeof item === 'string' ? item : item.length]),
    [
      [0, 'open'],
      [0, 19],
      [0, 'end'],
    ],
  )
  t.ok(connection.stream.isEmpty)
  t.equal(connection.stream.deadline(), Number.POSITIVE_INFINITY)
})

t.test('a black hole holds the bytes; they come with the next repetition, whose timeout doubles', async (t) => {
  const connection = new Connection()
  connection.link.add('1', { kind: 'black-hole' }, 1, 0)
  connection.write(message(19))
  connection.run(10_000)
  t.strictSame(connection.taken, [])
  t.equal(connection.stream.queuedBytes, 19)
  // 200 ms, then 400, 800 and so on: sent at 0, 0.2, 0.6, 1.4, 3, 6.2 and 12.6 s.
  t.equal(connection.stream.retransmissions, 5)
  connection.link.clearAll()
  connection.run(12_599)
  t.strictSame(connection.taken, [])
  connection.run(12_600)
  t.equal(connection.taken.length, 1)
  connection.write(message(19))
  connection.run(12_600)
  t.equal(connection.taken.length, 2, 'the backoff ends with the acknowledgement')
})

t.test('the handshake is repeated after a second, and fails after six repetitions', async (t) => {
  const connection = new Connection()
  connection.link.add('1', { kind: 'black-hole' }, 1, 0)
  connection.write('open')
  connection.run(1_000)
  t.equal(connection.stream.retransmissions, 1)
  connection.run(126_999)
  t.notOk(connection.stream.hasFailed)
  connection.run(127_000)
  t.ok(connection.stream.hasFailed)
  t.equal(connection.stream.deadline(), Number.POSITIVE_INFINITY)
})

t.test('bytes that a black hole holds for a quarter of an hour fail', async (t) => {
  const connection = new Connection()
  connection.link.add('1', { kind: 'black-hole' }, 1, 0)
  connection.write(message(19))
  connection.run(15 * 60_000)
  t.notOk(connection.stream.hasFailed)
  connection.run(16 * 60_000)
  t.ok(connection.stream.hasFailed)
})

t.test('delay with jitter keeps the order; the timeout follows the delay', async (t) => {
  const connection = new Connection()
  connection.link.add('1', { kind: 'delay', ms: 500, jitterMs: 100 }, 3, 0)
  for (let i = 0; i < 40; i++) {
    connection.write(message(1, i))
    connection.run((i + 1) * 1_000)
  }
  t.strictSame(connection.bytes, [...message(40)])
  t.ok(connection.taken.every(({ at }, i) => at >= i * 1_000 + 400 && at <= i * 1_000 + 600))
  t.ok(connection.stream.retransmissions < 5, 'only before there are samples')
})

t.test('rate serialises', async (t) => {
  const connection = new Connection()
  connection.link.add('1', { kind: 'rate', bitsPerSecond: 120_000 }, 1, 0)
  connection.write(message(2_920))
  connection.run(10_000)
  t.strictSame(
    connection.taken.map(({ at }) => at),
    [100, 200],
  )
})

t.test('three segments behind a gap repeat it without a timeout', async (t) => {
  const connection = new Connection()
  connection.link.add('1', { kind: 'black-hole' }, 1, 0)
  connection.write(message(1, 0))
  connection.link.clearAll()
  for (const i of [1, 2, 3]) connection.write(message(1, i))
  connection.run(0)
  t.strictSame(connection.bytes, [0, 1, 2, 3])
  t.equal(connection.stream.retransmissions, 1)
})

t.test('after a black hole one repetition per acknowledgement brings what was lost', async (t) => {
  const connection = new Connection()
  connection.link.add('1', { kind: 'black-hole' }, 1, 0)
  for (const i of [0, 1, 2, 3]) connection.write(message(1, i))
  connection.link.clearAll()
  connection.run(200)
  t.strictSame(connection.bytes, [0, 1, 2, 3])
})

const faults: fc.Arbitrary<Fault[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('loss' as const), rate: fc.double({ min: 0, max: 0.6, noNaN: true }) }),
    fc.record({ kind: fc.constant('duplicate' as const), rate: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constant('delay' as const), ms: fc.integer({ min: 10, max: 400 }), jitterMs: fc.nat(10) }),
    fc.record({ kind: fc.constant('rate' as const), bitsPerSecond: fc.constant(1e6), bufferPackets: fc.constant(3) }),
    fc.constant({ kind: 'reorder' as const, rate: 0.5, byMs: 30 }),
    fc.constant({ kind: 'black-hole' as const }),
  ),
  { maxLength: 3 },
)

t.test('bytes arrive once, in order and completely under any faults that end', async () => {
  const writes = fc.array(fc.record({ length: fc.integer({ min: 1, max: 4_000 }), afterMs: fc.nat(300) }), {
    maxLength: 25,
  })
  fc.assert(
    fc.property(faults, writes, fc.nat(), (faults, writes, seed) => {
      const connection = new Connection()
      for (const [i, fault] of faults.entries()) connection.link.add(`${i}`, fault, seed + i, 0)
      const sent: number[] = []
      connection.write('open')
      for (const [i, { length, afterMs }] of writes.entries()) {
        connection.run(connection.now + afterMs)
        const bytes = message(length, i)
        sent.push(...bytes)
        connection.write(bytes)
      }
      connection.write('end')
      connection.run(connection.now + 5_000)
      connection.link.clearAll()
      connection.run(connection.now + 3_600_000)
      assert.deepEqual(connection.bytes, sent)
      assert.deepEqual([connection.taken[0]?.item, connection.taken.at(-1)?.item], ['open', 'end'])
      assert.ok(connection.stream.isEmpty)
      assert.equal(connection.stream.queuedBytes, 0)
    }),
    { numRuns: 300 },
  )
})
