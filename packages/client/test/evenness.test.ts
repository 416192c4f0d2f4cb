import { strict as assert } from 'node:assert'
import { chiSquareTail, evennessOf } from '@fivetuple/client'
import fc from 'fast-check'
import t from 'tap'

t.test('the 5 % points that every table of the distribution has', (t) => {
  for (const [degrees, point] of [
    [1, 3.841459],
    [2, 5.991465],
    [3, 7.814728],
    [4, 9.487729],
    [5, 11.070498],
    [10, 18.307038],
    [15, 24.99579],
  ] as const)
    t.ok(Math.abs(chiSquareTail(point, degrees) - 0.05) < 1e-6, `${degrees} degrees of freedom`)
  t.end()
})

t.test('the tail falls from 1 to 0', (t) => {
  const point = fc.double({ min: 0, max: 1_000, noNaN: true })
  fc.assert(
    fc.property(point, point, fc.integer({ min: 1, max: 20 }), (a, b, degrees) => {
      const [low, high] = a < b ? [a, b] : [b, a]
      const tail = chiSquareTail(low, degrees)
      assert(tail >= 0 && tail <= 1)
      assert(chiSquareTail(high, degrees) <= tail + 1e-6)
      assert(chiSquareTail(low, degrees + 2) >= tail - 1e-6, 'more degrees of freedom leave more room')
    }),
  )
  t.ok(chiSquareTail(0, 3) > 1 - 1e-6)
  t.ok(chiSquareTail(10_000, 4) < 1e-9)
  t.end()
})

t.test('flows per LB, worked by hand', (t) => {
  // Expected 50 each: 100/50 + 0 + 100/50.
  const uneven = evennessOf({ a: 60, b: 50, c: 40 })
  t.match(uneven, { chiSquare: 4, degreesOfFreedom: 2, shares: [0.4, 50 / 150, 40 / 150], worst: 'a', overload: 1.2 })
  t.ok(Math.abs(uneven.pValue - Math.exp(-2)) < 1e-12)
  t.match(evennessOf({ a: 7, b: 7 }), { chiSquare: 0, shares: [0.5, 0.5] })
  const one = evennessOf({ a: 300, b: 0, c: 0, d: 0 })
  t.equal(one.chiSquare, 900)
  t.ok(one.pValue < 1e-9)
  t.throws(() => evennessOf({ a: 1 }))
  t.throws(() => evennessOf({ a: 0, b: 0 }))
  t.end()
})
