import { strict as assert } from 'node:assert'
import { fastIntervalOf, firstCheckAt, nextCheckAt } from '@fivetuple/lb-node'
import fc from 'fast-check'
import t from 'tap'

const TIMING = { intervalMs: 2_000 }

t.test('the first check falls anywhere within an interval', async (t) => {
  t.equal(firstCheckAt(TIMING, 0, 10_000), 10_000)
  t.equal(firstCheckAt(TIMING, 0.25, 10_000), 10_500)
  t.ok(firstCheckAt(TIMING, 0.999, 10_000) < 12_000)
})

t.test('the next one comes an interval after the last start, give or take a tenth', async (t) => {
  t.equal(nextCheckAt(TIMING, 10_000, false, 0, 10_001), 11_800)
  t.equal(nextCheckAt(TIMING, 10_000, false, 0.5, 10_001), 12_000)
  t.equal(nextCheckAt(TIMING, 10_000, false, 1, 10_001), 12_200)
})

t.test('in doubt it comes sooner', async (t) => {
  t.equal(nextCheckAt(TIMING, 10_000, true, 0.5, 10_001), 10_500)
  t.equal(nextCheckAt({ ...TIMING, fastIntervalMs: 100 }, 10_000, true, 0.5, 10_001), 10_100)
  t.equal(fastIntervalOf({ intervalMs: 2_000 }), 500)
  t.equal(fastIntervalOf({ intervalMs: 200 }), 100)
  t.equal(fastIntervalOf({ intervalMs: 50 }), 50)
})

t.test('never before the last one has ended', async (t) => {
  t.equal(nextCheckAt(TIMING, 10_000, true, 0.5, 11_000), 11_000)
  t.equal(nextCheckAt(TIMING, Number.NEGATIVE_INFINITY, true, 0.5, 11_000), 11_000, 'nor in the past')
})

t.test('on virtual time: the rhythm holds, whatever checks take', async () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  const step = fc.record({ random, tookMs: fc.nat(1_500), inDoubt: fc.boolean() })
  fc.assert(
    fc.property(random, fc.array(step, { maxLength: 50 }), (first, steps) => {
      let startedAt = firstCheckAt(TIMING, first, 0)
      assert.ok(startedAt >= 0 && startedAt < 2_000)
      for (const { random, tookMs, inDoubt } of steps) {
        const endedAt = startedAt + tookMs
        const next = nextCheckAt(TIMING, startedAt, inDoubt, random, endedAt)
        const interval = inDoubt ? 500 : 2_000
        assert.ok(next >= endedAt)
        assert.ok(next >= startedAt + interval * 0.9 - 1e-6)
        assert.ok(next <= Math.max(startedAt + interval * 1.1 + 1e-6, endedAt))
        startedAt = next
      }
    }),
  )
})
