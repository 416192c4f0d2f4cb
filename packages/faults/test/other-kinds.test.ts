import { strict as assert } from 'node:assert'
import { FaultChain, type Reorder, seededRandom } from '@fivetuple/faults'
import t from 'tap'
import { run, share } from './run-fault.js'
import { chiSquare, chiSquareLimit, isNear } from './statistics.js'

const COUNT = 10_000

t.test('duplicate: its share is met', async (t) => {
  const result = run([{ kind: 'duplicate', rate: 0.3 }])
  t.ok(
    isNear(
      share(result, (times) => times.length === 2),
      0.3,
      COUNT,
    ),
  )
  t.ok(result.deliveries.every((times, i) => times.every((at) => at === i)))
})

t.test('reorder, late: its share is held, uniformly, and overtaken', async (t) => {
  const result = run([{ kind: 'reorder', rate: 0.3, byMs: 20 }])
  const held = result.deliveries.flatMap((times, i) => (times[0]! > i ? [times[0]! - i] : []))
  t.ok(isNear(held.length / COUNT, 0.3, COUNT), `${held.length} held`)
  const statistic = chiSquare(held, (ms) => ms / 20, 20)
  t.ok(statistic < chiSquareLimit(20), `chi-square ${statistic}`)
  const times = result.deliveries.flat()
  t.ok(times.some((at, i) => i > 0 && at < times[i - 1]!))
})

t.test('reorder, early: netem’s rule', async (t) => {
  const fault: Reorder = { kind: 'reorder', rate: 0.25, byMs: 10, selected: 'early' }
  const result = run([fault])
  t.ok(result.deliveries.every((times, i) => times[0] === i || times[0] === i + 10))
  t.ok(
    isNear(
      share(result, (times, i) => times[0] === i),
      0.25,
      COUNT,
    ),
  )
})

t.test('reorder: with a gap of 5 and probability 1 every fifth packet is selected', async (t) => {
  const fault: Reorder = { kind: 'reorder', rate: 1, gap: 5, byMs: 10, selected: 'early' }
  const { deliveries } = run([fault])
  t.ok(deliveries.every((times, i) => times[0] === (i % 5 === 4 ? i : i + 10)))
})

t.test('reorder: behind a gap the distance of selected packets is geometric', async (t) => {
  const result = run([{ kind: 'reorder', rate: 0.5, gap: 4, byMs: 10, selected: 'early' }])
  // 3 packets without a chance, then 1 / 0.5 candidates on average.
  const early = share(result, (times, i) => times[0] === i)
  t.ok(Math.abs(early - 1 / 5) < (4 * Math.sqrt(2)) / 5 / Math.sqrt(COUNT / 5), `${early} early`)
})

t.test('black hole and link down drop everything; only link down takes the carrier', async (t) => {
  const hole = run([{ kind: 'black-hole' }])
  const down = run([{ kind: 'link-down' }])
  t.equal(hole.deliveries.flat().length + down.deliveries.flat().length, 0)
  t.strictSame([hole.chain.isUp(0), down.chain.isUp(0)], [true, false])
  t.equal(hole.chain.drops['black-hole'], COUNT)
  t.equal(down.chain.drops['link-down'], COUNT)
})

t.test('flap: up first, exact periods, counted from its start', async (t) => {
  const chain = new FaultChain()
  chain.add('1', { kind: 'flap', upMs: 30, downMs: 20 }, seededRandom(1), 100)
  for (let now = 100; now < 1_000; now++) {
    const isUp = (now - 100) % 50 < 30
    assert.equal(chain.isUp(now), isUp, `at ${now}`)
    assert.equal(chain.impair(1, now).length, isUp ? 1 : 0)
  }
  t.strictSame([chain.carrierChangesAt(100), chain.carrierChangesAt(130), chain.carrierChangesAt(149)], [130, 150, 150])
})

t.test('flap: each change comes after the one before it, whatever the rounding', async (t) => {
  const chain = new FaultChain()
  chain.add('1', { kind: 'flap', upMs: 1.1, downMs: 3.3 }, seededRandom(1), 1_764_000_000_000.7)
  let now = 1_764_000_000_000.7
  let isUp = true
  for (let i = 0; i < 1_000; i++) {
    const at = chain.carrierChangesAt(now)
    assert(at > now && chain.isUp(at) !== isUp, `change ${i} at ${at}`)
    now = at
    isUp = !isUp
  }
  t.ok(Math.abs(now - 1_764_000_000_000.7 - 500 * 4.4) < 0.01)
})
