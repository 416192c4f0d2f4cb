import { strict as assert } from 'node:assert'
import { quantilesOf } from '@fivetuple/client'
import fc from 'fast-check'
import t from 'tap'

t.test('nearest rank, worked by hand', (t) => {
  const hundred = quantilesOf(Float64Array.from({ length: 100 }, (_, i) => 100 - i))
  t.same(hundred, { count: 100, min: 1, mean: 50.5, p50: 50, p90: 90, p99: 99, p999: 100, max: 100 })
  t.same(quantilesOf(Float64Array.of(15, 20, 35, 40, 50)).p50, 35)
  t.same(quantilesOf(Float64Array.of(7)), { count: 1, min: 7, mean: 7, p50: 7, p90: 7, p99: 7, p999: 7, max: 7 })
  const none = { count: 0, min: null, mean: null, p50: null, p90: null, p99: null, p999: null, max: null }
  t.same(quantilesOf(new Float64Array()), none)
  t.end()
})

t.test('each quantile is the smallest sample that enough others do not exceed', (t) => {
  const sample = fc.double({ min: 0, max: 1e6, noNaN: true })
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 300 }), (samples) => {
      const { p50, p90, p99, p999 } = quantilesOf(Float64Array.from(samples))
      for (const [p, got] of [
        [0.5, p50],
        [0.9, p90],
        [0.99, p99],
        [0.999, p999],
      ] as const) {
        const enough = samples.filter((x) => samples.filter((y) => y <= x).length >= p * samples.length)
        assert.equal(got, Math.min(...enough))
      }
    }),
    { numRuns: 50 },
  )
  t.end()
})
