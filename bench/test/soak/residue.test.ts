import { growthOf, type Holding, leftovers, settledOf } from '@fivetuple/bench'
import t from 'tap'

function holding(role: string, rssBytes: number | null, figures: Partial<Holding> = {}): Holding {
  return { role, pid: 1, rssBytes, descriptors: 20, timers: null, flows: 3, ...figures }
}

t.test('an idle process is judged by the peak of its counts and the median of its resident set', async (t) => {
  const samples = [
    [holding('uplink', 100, { flows: 2 })],
    [holding('uplink', 900, { flows: 7 })], // a sample before a collection
    [holding('uplink', 104, { flows: 4, descriptors: 22 })],
  ]
  t.strictSame(settledOf(samples), [holding('uplink', 104, { flows: 7, descriptors: 22 })])
})

t.test('a process that was restarted between samples is left out', async (t) => {
  const samples = [
    [holding('lb-1', 1), holding('lb-2', 1)],
    [holding('lb-1', 1), holding('lb-2', 1, { pid: 2 })],
  ]
  t.strictSame(
    settledOf(samples).map(({ role }) => role),
    ['lb-1'],
  )
})

t.test('growth is that of processes that lived through the run', async (t) => {
  const from = [holding('a', 100), holding('b', 100), holding('c', null)]
  const to = [holding('a', 110), holding('b', 200, { pid: 2 }), holding('c', 100)]
  t.strictSame(growthOf(from, to), [{ role: 'a', fromBytes: 100, toBytes: 110 }])
})

t.test('a few more flows than before are health checks, many are a leak', async (t) => {
  const before = [holding('a', 1, { flows: 10 })]
  t.strictSame(leftovers(before, [holding('a', 1, { flows: 14 })]), [])
  t.strictSame(leftovers(before, [holding('a', 1, { flows: 15 })]), ['a: flows 10 before, 15 after'])
})
