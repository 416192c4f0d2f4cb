import { seededRandom } from '@fivetuple/faults'
import { ManualClock, SimulatedLink } from '@fivetuple/testkit'
import t from 'tap'

t.test('delivers by the clock, never within send', async (t) => {
  const clock = new ManualClock()
  const got: string[] = []
  const link = new SimulatedLink<string>(clock, seededRandom(1), [{ kind: 'delay', ms: 5, jitterMs: 0 }], (item) =>
    got.push(`${clock.now} ${item}`),
  )
  link.send('a')
  clock.advance(1)
  link.send('b')
  t.strictSame(got, [])
  link.faults = [{ kind: 'loss', rate: 1 }]
  link.send('c')
  link.faults = []
  link.send('d')
  t.notOk(got.includes('1 d'), 'not before the clock runs')
  clock.advance(10)
  t.strictSame(got, ['1 d', '5 a', '6 b'])
  t.match(link, { sent: 4, delivered: 3, dropped: 1 })
})

t.test('same seed, same run', async (t) => {
  const run = (seed: number): string[] => {
    const clock = new ManualClock()
    const got: string[] = []
    const link = new SimulatedLink<number>(
      clock,
      seededRandom(seed),
      [
        { kind: 'loss', rate: 0.3 },
        { kind: 'duplicate', rate: 0.3 },
        { kind: 'reorder', rate: 0.3, byMs: 10 },
      ],
      (item) => got.push(`${clock.now} ${item}`),
    )
    for (let i = 0; i < 100; i++) clock.schedule(i, () => link.send(i))
    while (clock.step());
    return got
  }
  t.strictSame(run(5), run(5))
  t.notSame(run(5), run(6))
})
