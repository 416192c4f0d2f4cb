import { strict as assert } from 'node:assert'
import { median, quantile, ratioOf, spreadOf } from '@fivetuple/bench'
import fc from 'fast-check'
import t from 'tap'

const numbers = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 })

t.test('medians and quantiles, worked by hand', (t) => {
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 2, 3]), 2.5)
  t.throws(() => median([]))
  t.equal(quantile([15, 20, 35, 40, 50], 0.3), 20)
  t.equal(quantile([15, 20, 35, 40, 50], 0), 15)
  t.equal(quantile([15, 20, 35, 40, 50], 1), 50)
  t.ok(Number.isNaN(quantile([], 0.5)))
  t.same(spreadOf([3, 1, 8]), { median: 3, min: 1, max: 8 })
  t.end()
})

t.test('half of the numbers lie on either side of the median', (t) => {
  fc.assert(
    fc.property(numbers, (values) => {
      const middle = median(values)
      assert(values.filter((value) => value <= middle).length * 2 >= values.length)
      assert(values.filter((value) => value >= middle).length * 2 >= values.length)
    }),
  )
  t.end()
})

t.test('ratios are taken round by round', (t) => {
  t.same(ratioOf([10, 20, 40], [5, 20, 80]), { median: 1, min: 0.5, max: 2 })
  t.same(ratioOf([0, 10], [5, 20]), { median: 2, min: 2, max: 2 }, 'a round without an answer does not count')
  t.equal(ratioOf([0], [0]), undefined)
  t.equal(ratioOf([], []), undefined)
  t.throws(() => ratioOf([1], []))
  t.end()
})
