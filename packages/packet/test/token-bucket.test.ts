import { TokenBucket } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'

t.test('a burst, then the rate', async (t) => {
  const bucket = new TokenBucket(10, 3, 1_000)
  t.strictSame(
    [1, 2, 3, 4].map(() => bucket.take(1_000)),
    [true, true, true, false],
  )
  t.equal(bucket.take(1_099), false)
  t.equal(bucket.take(1_100), true)
  t.equal(bucket.take(1_100), false)
})

t.test('a quiet while gives no more than the burst', async (t) => {
  const bucket = new TokenBucket(1_000, 5, 0)
  let taken = 0
  while (bucket.take(1_000_000)) taken++
  t.equal(taken, 5)
})

t.test('property: never more than burst + rate × time, whatever the clock does', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5_000 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: -5, max: 40 })),
      (rate, burst, steps) => {
        const bucket = new TokenBucket(rate, burst, 0)
        let now = 0
        let forward = 0
        let taken = 0
        for (const step of steps) {
          now += step
          forward += Math.max(step, 0)
          for (let i = 0; i < 3; i++) if (bucket.take(now)) taken++
        }
        if (taken > burst + (forward * rate) / 1000 + 1e-6) throw new Error(`${taken} taken`)
      },
    ),
  )
})
