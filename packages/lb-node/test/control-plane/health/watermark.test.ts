import { strict as assert } from 'node:assert'
import { isServiceUp } from '@fivetuple/lb-node'
import fc from 'fast-check'
import t from 'tap'

t.test('down below low, up again at high', async (t) => {
  const marks = { low: 2, high: 4 }
  const rows: [wasUp: boolean, healthy: number, isUp: boolean][] = [
    [true, 5, true],
    [true, 2, true],
    [true, 1, false],
    [false, 2, false],
    [false, 3, false],
    [false, 4, true],
    [true, 0, false],
  ]
  for (const [wasUp, healthy, isUp] of rows) t.equal(isServiceUp(wasUp, healthy, 6, marks), isUp, `${wasUp} ${healthy}`)
})

t.test('marks above the number of backends mean all of them', async (t) => {
  const marks = { low: 2, high: 4 }
  t.equal(isServiceUp(true, 1, 1, marks), true)
  t.equal(isServiceUp(false, 2, 3, marks), false)
  t.equal(isServiceUp(false, 3, 3, marks), true)
  t.equal(isServiceUp(true, 0, 0, marks), false)
})

t.test('it changes sides only at the marks, and one move of one backend never twice', async () => {
  const small = fc.integer({ min: 1, max: 8 })
  fc.assert(
    fc.property(small, fc.nat(4), small, fc.array(fc.boolean(), { maxLength: 50 }), (low, gap, total, moves) => {
      const marks = { low, high: low + gap }
      let healthy = total
      let isUp = true
      for (const better of moves) {
        healthy = Math.min(Math.max(healthy + (better ? 1 : -1), 0), total)
        const next = isServiceUp(isUp, healthy, total, marks)
        if (next && !isUp) assert.equal(healthy, Math.min(marks.high, total))
        if (!next && isUp) assert.ok(healthy < Math.min(marks.low, total))
        assert.equal(isServiceUp(next, healthy, total, marks), next, 'settled')
        if (healthy === 0) assert.equal(next, false)
        if (healthy === total) assert.equal(next, true)
        isUp = next
      }
    }),
  )
})
