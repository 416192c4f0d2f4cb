import assert from 'node:assert/strict'
import type { Fault } from '@fivetuple/faults'
import { activeDownIntervalMs, skewTimeMs } from '@fivetuple/vrrp'
import fc from 'fast-check'
import t from 'tap'
import { SimulatedLan } from './simulated-lan.js'

const INTERVAL_MS = 1_000
const LATENCY_MS = 5
/** Time enough for any election: the lowest priority waits almost 4 s. */
const SETTLE_MS = 2 * activeDownIntervalMs(1, INTERVAL_MS)
const DELAY: readonly Fault[] = [{ kind: 'delay', ms: LATENCY_MS, jitterMs: 0 }]

const seeds = fc.integer({ min: 0, max: 0x7fff_ffff })
const priority = fc.integer({ min: 1, max: 254 })
/** Two to five routers; equal priorities are frequent. */
const priorities = fc.array(fc.oneof(priority, fc.constantFrom(100, 200)), { minLength: 2, maxLength: 5 })
/** When within the Active router's rhythm something happens. */
const phases = fc.integer({ min: 0, max: INTERVAL_MS - 1 })

/** Router that must win: the highest priority, then the highest address. */
function best(priorities: readonly number[], without: readonly number[] = []): number {
  let winner = -1
  priorities.forEach((priority, i) => {
    if (!without.includes(i) && (winner < 0 || priority >= priorities[winner]!)) winner = i
  })
  return winner
}

function lan(seed: number, priorities: readonly number[], preempt = true, faults = DELAY): SimulatedLan {
  return new SimulatedLan({ seed, priorities, adverIntervalMs: INTERVAL_MS, preempt, faults })
}

t.test('after the start the router of the highest priority is Active', (t) => {
  fc.assert(
    fc.property(seeds, priorities, fc.boolean(), (seed, priorities, preempt) => {
      const net = lan(seed, priorities, preempt).startAll()
      const winner = best(priorities)
      net.clock.advance(SETTLE_MS)
      assert.deepEqual(net.active, [winner])
      const first = net.moves.find(({ state }) => state === 'active')
      assert.equal(first?.at, activeDownIntervalMs(priorities[winner]!, INTERVAL_MS))
      for (const { from, to } of net.overlaps()) assert(to - from <= LATENCY_MS, 'equals agree as soon as they hear')
      for (const i of priorities.keys()) assert.equal(net.router(i).activeAddress, 0x0a00_0001 + winner)
    }),
    { numRuns: 100 },
  )
  t.end()
})

t.test('a death without an advertisement costs Active_Down_Interval, less the time since the last one', (t) => {
  fc.assert(
    fc.property(seeds, priorities, phases, (seed, priorities, phase) => {
      const net = lan(seed, priorities).startAll()
      net.clock.advance(SETTLE_MS + phase)
      const dead = best(priorities)
      const diedAt = net.clock.now
      net.kill(dead)
      net.clock.advance(SETTLE_MS)
      const heir = best(priorities, [dead])
      assert.deepEqual(net.active, [heir])
      const took = net.moves.find(({ at, state }) => at >= diedAt && state === 'active')!.at - diedAt
      const downMs = activeDownIntervalMs(priorities[heir]!, INTERVAL_MS)
      assert(took > downMs - INTERVAL_MS && took <= downMs + LATENCY_MS, `took ${took} of ${downMs} ms`)
    }),
    { numRuns: 100 },
  )
  t.end()
})

t.test('an ordered stop costs Skew_Time', (t) => {
  fc.assert(
    fc.property(seeds, priorities, phases, (seed, priorities, phase) => {
      const net = lan(seed, priorities).startAll()
      net.clock.advance(SETTLE_MS + phase)
      const stopped = best(priorities)
      const stoppedAt = net.clock.now
      net.give(stopped, { type: 'shutdown' })
      net.clock.advance(SETTLE_MS)
      const heir = best(priorities, [stopped])
      assert.deepEqual(net.active, [heir])
      const took = net.moves.find(({ at, state }) => at > stoppedAt && state === 'active')!.at - stoppedAt
      const expected = LATENCY_MS + skewTimeMs(priorities[heir]!, INTERVAL_MS)
      assert(Math.abs(took - expected) < 1e-6, `took ${took} ms`)
    }),
    { numRuns: 100 },
  )
  t.end()
})

t.test('a router that comes back takes over only by preemption, and only with a higher priority', (t) => {
  for (const [priorities, preempt, winner] of [
    [[100, 200], true, 1],
    [[100, 200], false, 0],
    [[100, 100], true, 0],
  ] as const) {
    const net = lan(1, priorities, preempt).startAll()
    net.clock.advance(SETTLE_MS)
    t.same(net.active, [1])
    net.kill(1)
    net.clock.advance(SETTLE_MS)
    t.same(net.active, [0])
    const backAt = net.clock.now
    net.revive(1)
    net.clock.advance(SETTLE_MS)
    t.same(net.active, [winner], `priorities ${priorities}, preempt ${preempt}`)
    const last = net.moves.filter(({ state }) => state === 'active').at(-1)!
    if (winner === 1) t.equal(last.at, backAt + activeDownIntervalMs(200, INTERVAL_MS))
    else t.ok(last.at < backAt, 'nothing has moved')
  }
  t.end()
})

t.test('two are Active at once only while advertisements are lost', (t) => {
  const burst = fc.record({
    quietMs: fc.integer({ min: 0, max: 15_000 }),
    lossyMs: fc.integer({ min: 0, max: 15_000 }),
    rate: fc.constantFrom(0.3, 0.8, 1),
  })
  /**
   * After the last loss: until the next advertisement, until it is heard, and until who hears it
   * has answered.
   */
  const agreedAfterMs = INTERVAL_MS + 3 * LATENCY_MS
  let longOnes = 0
  fc.assert(
    fc.property(seeds, priorities, fc.array(burst, { minLength: 1, maxLength: 4 }), (seed, priorities, bursts) => {
      const net = lan(seed, priorities).startAll()
      const lossy: { from: number; to: number }[] = []
      for (const { quietMs, lossyMs, rate } of bursts) {
        net.clock.advance(quietMs)
        const from = net.clock.now
        net.faults = [{ kind: 'loss', rate }, { kind: 'duplicate', rate: 0.1 }, ...DELAY]
        net.clock.advance(lossyMs)
        net.faults = DELAY
        const last = lossy.at(-1)
        if (last !== undefined && from <= last.to) last.to = net.clock.now + agreedAfterMs
        else lossy.push({ from, to: net.clock.now + agreedAfterMs })
      }
      net.clock.advance(SETTLE_MS)
      assert.equal(net.active.length, 1)
      for (const { from, to } of net.overlaps()) {
        if (to - from <= 2 * LATENCY_MS) continue
        longOnes++
        const isExplained = lossy.some((burst) => burst.from <= from && to <= burst.to)
        assert(isExplained, `two were Active from ${from} to ${to} ms, losses were ${JSON.stringify(lossy)}`)
      }
    }),
    { numRuns: 100 },
  )
  t.ok(longOnes > 0, 'there was something to check')
  t.end()
})

t.test('an isolated part has an Active router of its own, which yields when the link is back', (t) => {
  const net = lan(3, [100, 150, 200]).startAll()
  net.clock.advance(SETTLE_MS)
  t.same(net.active, [2])
  net.faults = [{ kind: 'loss', rate: 1 }]
  net.clock.advance(SETTLE_MS)
  t.same(net.active, [0, 1, 2])
  net.faults = DELAY
  net.clock.advance(INTERVAL_MS + 2 * LATENCY_MS)
  t.same(net.active, [2])
  t.end()
})

t.test('same seed, same run', (t) => {
  const run = () => {
    const net = lan(42, [10, 20, 20, 30], true, [{ kind: 'loss', rate: 0.5 }, ...DELAY]).startAll()
    net.clock.advance(100_000)
    return net.moves
  }
  t.same(run(), run())
  t.ok(run().length > 4)
  t.end()
})
