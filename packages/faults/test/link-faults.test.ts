import assert from 'node:assert/strict'
import { FAULT_KINDS, type Fault, LinkFaults, seededRandom } from '@fivetuple/faults'
import fc from 'fast-check'
import t from 'tap'

const share = fc.double({ min: 0, max: 1, noNaN: true })
const chance = fc.double({ min: 0.01, max: 1, noNaN: true })

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant({ kind: 'link-down' as const }),
  fc.constant({ kind: 'black-hole' as const }),
  fc.record({ kind: fc.constant('flap' as const), upMs: fc.integer({ min: 1, max: 90 }), downMs: fc.constant(7) }),
  fc.record({ kind: fc.constant('loss' as const), rate: share, correlation: fc.constantFrom(0, 0.5) }),
  fc.record({ kind: fc.constant('gilbert-elliott' as const), p: chance, r: chance, lossInBad: share }),
  fc.record({ kind: fc.constant('duplicate' as const), rate: share }),
  fc.record({
    kind: fc.constant('rate' as const),
    bitsPerSecond: fc.integer({ min: 100_000, max: 100_000_000 }),
    bufferPackets: fc.integer({ min: 1, max: 9 }),
    burstBytes: fc.nat(5_000),
  }),
  fc.record({
    kind: fc.constant('delay' as const),
    ms: fc.integer({ min: 5, max: 40 }),
    jitterMs: fc.nat(5),
    distribution: fc.constantFrom('uniform' as const, 'normal' as const, 'pareto' as const),
    reorders: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('reorder' as const),
    rate: share,
    byMs: fc.integer({ min: 1, max: 30 }),
    selected: fc.constantFrom('late' as const, 'early' as const),
  }),
)

type Step =
  | { readonly type: 'send'; readonly bytes: number; readonly afterMs: number }
  | { readonly type: 'add'; readonly fault: Fault }
  | { readonly type: 'clear'; readonly which: number }
  | { readonly type: 'clearAll' }

const send = fc.record({
  type: fc.constant('send' as const),
  bytes: fc.integer({ min: 40, max: 1_500 }),
  afterMs: fc.nat(3),
})
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 30, arbitrary: send },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('add' as const), fault }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('clear' as const), which: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.constant({ type: 'clearAll' as const }) },
  ),
  { maxLength: 150 },
)

const LIMITS = { packets: 40, bytes: 30_000 }

/** Plays the steps as an owner does, checks the invariants, and returns what was delivered. */
function play(steps: readonly Step[], seed: number): string {
  const link = new LinkFaults<number>(LIMITS)
  const sentAt: number[] = []
  const log: string[] = []
  const delivered: number[] = []
  let now = 0
  let hasReordered = false
  const drain = (until: number): void => {
    let last = Number.NEGATIVE_INFINITY
    for (let at = link.deadline(); at <= until; at = link.deadline()) {
      const due = link.next(at)
      assert.ok(due !== undefined && due.at === at && at >= last, 'in the order of time')
      assert.ok(sentAt[due.item] !== undefined && at >= sentAt[due.item]!, 'not invented, not early')
      last = at
      delivered.push(due.item)
      log.push(`${at} ${due.item}`)
    }
    assert.equal(link.next(until), undefined)
  }
  const check = (): void => {
    const { sent, duplicates, delivered: count, queued, drops } = link.counters()
    assert.equal(sent, sentAt.length)
    assert.equal(count, delivered.length)
    assert.equal(sent + duplicates, count + queued + Object.values(drops).reduce((sum, n) => sum + n))
    assert.ok(queued <= LIMITS.packets)
    assert.equal(link.isEmpty, link.faults.length === 0 && queued === 0)
    assert.equal(link.deadline() === Number.POSITIVE_INFINITY, queued === 0)
    const positions = link.faults.map(({ fault }) => FAULT_KINDS.findIndex(({ kind }) => kind === fault.kind))
    assert.deepEqual(
      positions,
      positions.toSorted((a, b) => a - b),
    )
  }
  steps.forEach((step, i) => {
    if (step.type === 'add') {
      link.add(`${i}`, step.fault, seed + i, now)
      const { fault } = step
      hasReordered ||= fault.kind === 'reorder' || (fault.kind === 'delay' && fault.reorders === true)
    } else if (step.type === 'clear') link.clear(link.faults[step.which % Math.max(1, link.faults.length)]?.id ?? '')
    else if (step.type === 'clearAll') link.clearAll()
    else {
      now += step.afterMs
      drain(now)
      sentAt.push(now)
      link.impair(sentAt.length - 1, step.bytes, now)
      drain(now)
    }
    check()
  })
  link.clearAll()
  drain(1e12)
  check()
  assert.ok(link.isEmpty, 'nothing is left')
  if (!hasReordered)
    assert.deepEqual(
      delivered,
      delivered.toSorted((a, b) => a - b),
      'order is kept',
    )
  return log.join('\n')
}

t.test('invariants over random packets and faults that come and go', async () => {
  fc.assert(
    fc.property(steps, fc.nat(), (steps, seed) => {
      assert.equal(play(steps, seed), play(steps, seed), 'same seed, same run')
    }),
    { numRuns: 500 },
  )
})

t.test('a link without faults passes packets at once and is empty behind them', async (t) => {
  const link = new LinkFaults<string>()
  t.ok(link.isEmpty)
  link.impair('a', 40, 5)
  t.notOk(link.isEmpty)
  t.match(link.next(5), { at: 5, item: 'a' })
  t.ok(link.isEmpty)
})

t.test('cleared one by one and all at once; packets under way arrive and are not overtaken', async (t) => {
  const link = new LinkFaults<string>()
  link.add('slow', { kind: 'delay', ms: 50 }, 1, 0)
  link.add('hole', { kind: 'black-hole' }, 1, 0)
  t.equal(link.impair('dropped', 40, 0), 0)
  t.notOk(link.clear('holes'))
  t.ok(link.clear('hole'))
  t.equal(link.impair('a', 40, 1), 1)
  link.clearAll()
  t.strictSame(link.faults, [])
  t.notOk(link.isEmpty, 'a packet is under way')
  link.impair('b', 40, 2)
  t.equal(link.deadline(), 51)
  t.strictSame([link.next(50), link.next(51)?.item, link.next(51)?.item], [undefined, 'a', 'b'])
  t.ok(link.isEmpty)
  t.match(link.counters(), { sent: 3, delivered: 2, queued: 0, drops: { 'black-hole': 1 } })
})

t.test('the effect of a fault does not depend on the faults beside it, nor on the order of adding', async (t) => {
  const lossAndDelay = (ids: readonly ('loss' | 'delay' | 'duplicate')[]): readonly (readonly number[])[] => {
    const link = new LinkFaults<number>()
    const faults = {
      loss: { kind: 'loss', rate: 0.3 },
      delay: { kind: 'delay', ms: 10, jitterMs: 3 },
      duplicate: { kind: 'duplicate', rate: 0.2 },
    } as const
    for (const id of ids) link.add(id, faults[id], id.length, 0)
    return Array.from({ length: 200 }, (_, i) => {
      const times: number[] = []
      link.impair(i, 100, i)
      for (let due = link.next(1e9); due !== undefined; due = link.next(1e9)) times.push(due.at)
      return times
    })
  }
  t.strictSame(lossAndDelay(['delay', 'loss', 'duplicate']), lossAndDelay(['duplicate', 'loss', 'delay']))
  const dropped = (ids: readonly ('loss' | 'delay')[]) => lossAndDelay(ids).map((times) => times.length)
  t.strictSame(dropped(['loss']), dropped(['delay', 'loss']))
})

t.test('bounded by packets and by bytes', async (t) => {
  const link = new LinkFaults<number>({ packets: 3, bytes: 1_000 })
  link.add('1', { kind: 'delay', ms: 10 }, 1, 0)
  const queued = [400, 400, 400, 100, 10].map((bytes, i) => link.impair(i, bytes, 0))
  t.strictSame(queued, [1, 1, 0, 1, 0])
  t.match(link.counters(), { queued: 3, drops: { 'queue-full': 2 } })
  t.equal(link.next(10)?.item, 0)
  t.equal(link.impair(5, 400, 10), 1, 'room after a delivery')
})

t.test('an id is used once; a flap and a link that is down show in the carrier', async (t) => {
  const link = new LinkFaults<number>()
  link.add('1', { kind: 'flap', upMs: 10, downMs: 5 }, 1, 0)
  t.throws(() => link.add('1', { kind: 'black-hole' }, 1, 0), { message: 'fault id 1 is in use' })
  t.strictSame([link.isUp(9), link.isUp(10), link.carrierChangesAt(0)], [true, false, 10])
  link.add('2', { kind: 'link-down' }, 1, 0)
  t.notOk(link.isUp(0))
  link.clearAll()
  t.strictSame([link.isUp(12), link.carrierChangesAt(12)], [true, Number.POSITIVE_INFINITY])
})

t.test('seededRandom stays in its ranges', async () => {
  const random = seededRandom(3)
  for (let i = 0; i < 1_000; i++) {
    const share = random.next()
    const n = random.int(6)
    assert(share >= 0 && share < 1 && Number.isInteger(n) && n >= 0 && n < 6, `${share}, ${n}`)
  }
})
