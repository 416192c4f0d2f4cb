import { strict as assert } from 'node:assert'
import { highestRate, type RateTrial, type RateVerdict } from '@fivetuple/bench'
import fc from 'fast-check'
import t from 'tap'

/** Tries rates against a limit, unless there is an excuse left. */
function limited(limit: number, excuses: RateVerdict[] = []) {
  return async (rate: number) => ({ verdict: excuses.shift() ?? (rate <= limit ? 'good' : 'bad'), result: rate })
}

const best = (trials: readonly RateTrial<number>[]): number =>
  Math.max(0, ...trials.filter(({ verdict }) => verdict === 'good').map(({ rate }) => rate))

t.test('steps up to the first bad rate, then halvings between', async (t) => {
  const trials = await highestRate({ ladder: [100, 200, 400, 800], halvings: 3 }, limited(330))
  t.same(
    trials.map(({ rate }) => rate),
    [100, 200, 400, 400, 300, 350, 350, 325],
  )
  t.equal(best(trials), 325)
})

t.test('all good, none good', async (t) => {
  t.equal(best(await highestRate({ ladder: [1, 2], halvings: 5 }, limited(9))), 2)
  t.equal(best(await highestRate({ ladder: [100], halvings: 2 }, limited(30))), 25)
  t.equal(best(await highestRate({ ladder: [100], halvings: 1 }, limited(30))), 0)
})

t.test('a rate that is bad once is not bad', async (t) => {
  const trials = await highestRate({ ladder: [100, 200], halvings: 0 }, limited(200, ['bad', 'good', 'void', 'bad']))
  t.same(
    trials.map(({ rate, verdict }) => `${rate} ${verdict}`),
    ['100 bad', '100 good', '200 void', '200 bad', '200 good'],
  )
})

t.test('an inconclusive trial is repeated a limited number of times', async (t) => {
  const noisy = new Array<RateVerdict>(5).fill('void')
  const trials = await highestRate({ ladder: [100, 200], halvings: 1 }, limited(200, noisy))
  t.same(
    trials.map(({ rate }) => rate),
    [100, 100, 100, 100, 100, 50],
  )
})

t.test('the result is as near as the halvings allow', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 8 }), async (limit, halvings) => {
      const ladder = [250, 500, 750, 1_000]
      const found = best(await highestRate({ ladder, halvings }, limited(limit)))
      assert(found <= limit && limit - found <= 250 / 2 ** halvings + 1, `${found} of ${limit}`)
    }),
  )
})
