import { strict as assert } from 'node:assert'
import { Schedule } from '@fivetuple/client'
import fc from 'fast-check'
import t from 'tap'

t.test('arrivals are evenly spaced and lie within the duration', (t) => {
  const schedule = new Schedule(250, 20, 1000)
  t.same(
    Array.from({ length: schedule.count }, (_, i) => schedule.at(i)),
    [0, 4, 8, 12, 16],
  )
  t.equal(new Schedule(100, 1000, 7).count, 7, 'the limit holds')
  t.equal(new Schedule(100, 0, 7).count, 0)
  t.equal(new Schedule(0.5, 10_000, 100).count, 5)
  t.end()
})

t.test('no arrival is left out, whatever the rate', (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 20_000, noNaN: true }), fc.integer({ min: 1, max: 60_000 }), (rate, ms) => {
      const schedule = new Schedule(rate, ms, 1e9)
      assert(schedule.at(schedule.count - 1) < ms + 1e-6, 'the last one is within')
      assert(schedule.at(schedule.count) >= ms - 1e-6, 'the next one is not')
    }),
  )
  t.end()
})
