import t from 'tap'
import { Backoff } from '../dist/index.js'

const take = (backoff: Backoff, count: number) => Array.from({ length: count }, () => backoff.next())

t.test('delays double up to the longest one', async (t) => {
  t.same(take(new Backoff({ firstMs: 50, maxMs: 300 }), 5), [50, 100, 200, 300, 300])
})

t.test('they start over after a reset, and after a run that was long enough', async (t) => {
  const backoff = new Backoff({ firstMs: 500, maxMs: 15_000, quietMs: 10_000 })
  t.same(take(backoff, 3), [500, 1_000, 2_000])
  t.equal(backoff.next(10_000), 4_000, 'not long enough')
  t.equal(backoff.next(10_001), 500)
  t.equal(backoff.next(0), 1_000)
  backoff.reset()
  t.equal(backoff.next(), 500)
})
