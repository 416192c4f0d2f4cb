import { strict as assert } from 'node:assert'
import { slowStartNextChange, slowStartShare } from '@fivetuple/lb-node'
import fc from 'fast-check'
import t from 'tap'

t.test('from a tenth to all of it, a tenth at a time', async (t) => {
  const shares: [at: number, share: number][] = []
  for (let at = 1_000; at !== Number.POSITIVE_INFINITY; at = slowStartNextChange(1_000, 9_000, at))
    shares.push([at, Math.round(slowStartShare(1_000, 9_000, at) * 100) / 100])
  t.strictSame(shares, [
    [1_000, 0.1],
    [2_000, 0.2],
    [3_000, 0.3],
    [4_000, 0.4],
    [5_000, 0.5],
    [6_000, 0.6],
    [7_000, 0.7],
    [8_000, 0.8],
    [9_000, 0.9],
    [10_000, 1],
  ])
  t.equal(slowStartShare(1_000, 9_000, 1e9), 1)
  t.equal(slowStartShare(1_000, 9_000, 0), 0.1, 'a clock that is a little behind')
})

t.test('without a duration it starts with all of it', async (t) => {
  t.equal(slowStartShare(5, 0, 5), 1)
  t.equal(slowStartNextChange(5, 0, 5), Number.POSITIVE_INFINITY)
})

t.test('every change that is announced happens, and nothing changes in between', async () => {
  const time = fc.double({ min: 0, max: 1e9, noNaN: true })
  const duration = fc.double({ min: 10, max: 1e8, noNaN: true })
  fc.assert(
    fc.property(time, duration, (since, durationMs) => {
      let now = since
      let steps = 0
      while (now < Number.POSITIVE_INFINITY) {
        const share = slowStartShare(since, durationMs, now)
        const next = slowStartNextChange(since, durationMs, now)
        assert.ok(next > now)
        if (next === Number.POSITIVE_INFINITY) assert.equal(share, 1)
        else {
          assert.ok(slowStartShare(since, durationMs, next) > share)
          assert.equal(slowStartShare(since, durationMs, (now + next) / 2), share)
        }
        now = next
        assert.ok(++steps <= 10)
      }
      assert.equal(steps, 10)
    }),
  )
})
