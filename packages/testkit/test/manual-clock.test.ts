import { strict as assert } from 'node:assert'
import { ManualClock } from '@fivetuple/testkit'
import fc from 'fast-check'
import t from 'tap'

t.test('runs by time, then by order of scheduling, with callbacks scheduled meanwhile', async (t) => {
  const clock = new ManualClock(100)
  const seen: string[] = []
  const note = (name: string) => () => void seen.push(`${clock.now} ${name}`)
  clock.schedule(120, note('c'))
  clock.schedule(110, note('a'))
  clock.schedule(110, () => {
    note('b')()
    clock.schedule(0, note('past means now'))
    clock.schedule(115, note('nested'))
  })
  clock.cancel(clock.schedule(112, note('cancelled')))
  clock.schedule(131, note('too late'))
  clock.runUntil(130)
  t.strictSame(seen, ['110 a', '110 b', '110 past means now', '115 nested', '120 c'])
  t.equal(clock.now, 130)
  t.equal(clock.nextAt, 131)
  clock.advance(1)
  t.equal(clock.nextAt, Number.POSITIVE_INFINITY)
  t.notOk(clock.step())
})

t.test('agrees with a stable sort', async () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean())), (entries) => {
      const clock = new ManualClock()
      const seen: number[] = []
      entries.forEach(([at, keep], i) => {
        const entry = clock.schedule(at, () => seen.push(i))
        if (!keep) clock.cancel(entry)
      })
      while (clock.step());
      const wanted = entries
        .map(([at, keep], i) => ({ at, keep, i }))
        .filter((e) => e.keep)
        .sort((a, b) => a.at - b.at)
        .map((e) => e.i)
      assert.deepEqual(seen, wanted)
    }),
  )
})
