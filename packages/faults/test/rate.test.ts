import assert from 'node:assert/strict'
import { FaultChain, type Rate, seededRandom } from '@fivetuple/faults'
import fc from 'fast-check'
import t from 'tap'

interface Arrival {
  readonly at: number
  readonly bytes: number
}

type Complete = Required<Rate>

function chainOf(rate: Rate): FaultChain {
  const chain = new FaultChain()
  chain.add('1', rate, seededRandom(1), 0)
  return chain
}

/**
 * Naive twin: a link that moves in steps of the time of one byte. It fills a bucket, and sends the
 * head of a plain list when the bucket has paid for it. With 8,000 bit/s a step is 1 ms.
 */
function naive(arrivals: readonly Arrival[], { bufferPackets, bufferBytes, burstBytes }: Complete): number[][] {
  const out: number[][] = arrivals.map(() => [])
  const buffer: { readonly i: number; readonly bytes: number }[] = []
  let tokens = burstBytes
  let next = 0
  for (let now = 0; next < arrivals.length || buffer.length > 0; now++) {
    const leave = (): void => {
      for (let head = buffer[0]; head !== undefined && tokens >= head.bytes; head = buffer[0]) {
        tokens -= head.bytes
        out[head.i]!.push(now)
        buffer.shift()
      }
    }
    leave()
    // While nothing waits, the bucket holds no more than its size; a packet that waits may need more.
    if (buffer.length === 0) tokens = Math.min(tokens, burstBytes)
    for (let arrival = arrivals[next]; arrival?.at === now; arrival = arrivals[++next]) {
      const bytes = buffer.reduce((sum, packet) => sum + packet.bytes, 0)
      const fits = buffer.length < bufferPackets && bytes + arrival.bytes <= bufferBytes
      if (buffer.length > 0 && !fits) continue
      buffer.push({ i: next, bytes: arrival.bytes })
      leave()
    }
    tokens++
  }
  return out
}

const arrivals = fc
  .array(fc.record({ gap: fc.oneof(fc.constant(0), fc.nat(30), fc.nat(300)), bytes: fc.integer({ min: 1, max: 60 }) }))
  .map((steps) => {
    let at = 0
    return steps.map(({ gap, bytes }) => {
      at += gap
      return { at, bytes }
    })
  })

const rates = fc.record({
  kind: fc.constant('rate' as const),
  bitsPerSecond: fc.constant(8_000),
  bufferPackets: fc.integer({ min: 1, max: 12 }),
  bufferBytes: fc.integer({ min: 1, max: 300 }),
  burstBytes: fc.oneof(fc.constant(0), fc.nat(120)),
})

t.test('equal to the naive twin, packet by packet', async () => {
  fc.assert(
    fc.property(arrivals, rates, (packets, rate) => {
      const chain = chainOf(rate)
      assert.deepEqual(
        packets.map(({ at, bytes }) => chain.impair(bytes, at)),
        naive(packets, rate),
      )
    }),
    { numRuns: 1_000 },
  )
})

t.test('by hand: serialisation, tail drop, room after a departure', async (t) => {
  const chain = chainOf({ kind: 'rate', bitsPerSecond: 8_000_000, bufferPackets: 2 })
  t.strictSame(
    [0, 0, 0, 1, 1].map((now) => chain.impair(1_000, now)),
    [[1], [2], [], [3], []],
    '1,000 bytes take 1 ms',
  )
  t.equal(chain.drops.rate, 2)
})

t.test('by hand: a burst leaves at once, then the rate holds', async (t) => {
  const chain = chainOf({ kind: 'rate', bitsPerSecond: 8_000_000, burstBytes: 2_000 })
  t.strictSame(
    [0, 0, 0, 0, 100].map((now) => chain.impair(1_000, now)),
    [[0], [0], [1], [2], [100]],
  )
})

t.test('a packet larger than the buffer passes an idle link', async (t) => {
  const chain = chainOf({ kind: 'rate', bitsPerSecond: 8_000_000, bufferBytes: 100 })
  t.strictSame(chain.impair(60_000, 0), [60])
  t.strictSame(chain.impair(1, 59), [])
  t.strictSame(chain.impair(1_000, 60), [61])
})

t.test('goodput of an overloaded link is its rate', async (t) => {
  const chain = chainOf({ kind: 'rate', bitsPerSecond: 100_000_000 })
  let bytes = 0
  for (let now = 0; now < 1_000; now += 0.05) for (const at of chain.impair(1_500, now)) if (at <= 1_000) bytes += 1_500
  t.ok(Math.abs(bytes * 8 - 100_000_000) <= 1_500 * 8, `${bytes * 8} bit in one second`)
})
