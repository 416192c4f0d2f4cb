import { strict as assert } from 'node:assert'
import { highestRate } from '@fivetuple/bench'
import fc from 'fast-check'
import t from 'tap'

/** Tries rates against a limit; those in `unlucky` fail once for another reason. */
function limited(limit: number, unlucky: Set<number> = new Set()) {
  return async (rate: number) => ({ isGood: rate <= limit && !unlucky.delete(rate), result: rate })
}

const best = (trials: readonly { rate: number; isGood: boolean }[]): number =>
  Math.max(0, ...trials.filter(({ isGood }) => isGood).map(({ rate }) => rate))

t.test('up the ladder, then between the rungs', async (t) => {
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
  const trials = await highestRate({ ladder: [100, 200], halvings: 0 }, limited(200, new Set([100, 200])))
  t.same(
    trials.map(({ rate, isGood }) => [rate, isGood]),
    [
      [100, false],
      [100, true],
      [200, false],
      [200, true],
    ],
  )
})

t.test('what is found is as near as the halvings allow', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 8 }), async (limit, halvings) => {
      const ladder = [250, 500, 750, 1_000]
      const found = best(await highestRate({ ladder, halvings }, limited(limit)))
      assert(found <= limit && limit - found <= 250 / 2 ** halvings + 1, `${found} of ${limit}`)
    }),
  )
})
