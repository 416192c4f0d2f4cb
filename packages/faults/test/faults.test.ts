import { applyFaults, type Fault, seededRandom } from '@fivetuple/faults'
import t from 'tap'

const ITEMS = 10_000
/** Four standard deviations of a share around 0.3 over ITEMS draws. */
const TOLERANCE = 4 * Math.sqrt((0.3 * 0.7) / ITEMS)

function run(faults: readonly Fault[], seed = 7) {
  const random = seededRandom(seed)
  return Array.from({ length: ITEMS }, (_, i) => applyFaults(faults, i, i, random))
}

/** As text: comparing that is cheap, however long the run. */
function digest(faults: readonly Fault[], seed = 7): string {
  return JSON.stringify(run(faults, seed))
}

function near(actual: number, wanted: number): boolean {
  return Math.abs(actual - wanted) <= TOLERANCE
}

t.test('no fault: every item at once', async (t) => {
  t.strictSame(run([]).slice(0, 2), [[{ at: 0, item: 0 }], [{ at: 1, item: 1 }]])
})

t.test('loss', async (t) => {
  const lost = run([{ kind: 'loss', rate: 0.3 }]).filter((d) => d.length === 0).length
  t.ok(near(lost / ITEMS, 0.3), `${lost} lost`)
  t.equal(run([{ kind: 'loss', rate: 0 }]).flat().length, ITEMS)
  t.equal(run([{ kind: 'loss', rate: 1 }]).flat().length, 0)
})

t.test('duplicate', async (t) => {
  const twice = run([{ kind: 'duplicate', rate: 0.3 }]).filter((d) => d.length === 2)
  t.ok(near(twice.length / ITEMS, 0.3), `${twice.length} twice`)
  t.ok(twice.every((d) => d[0]!.item === d[1]!.item))
})

t.test('delay', async (t) => {
  const delays = run([{ kind: 'delay', ms: 10, jitterMs: 4 }]).map((d, i) => d[0]!.at - i)
  t.ok(delays.every((ms) => ms >= 10 && ms < 14))
  const mean = delays.reduce((a, b) => a + b) / ITEMS
  t.ok(Math.abs(mean - 12) < 0.1, `mean ${mean} ms`)
})

t.test('reorder', async (t) => {
  const held = run([{ kind: 'reorder', rate: 0.3, byMs: 20 }]).filter((d, i) => d[0]!.at > i)
  t.ok(near(held.length / ITEMS, 0.3), `${held.length} held back`)
  const order = run([{ kind: 'reorder', rate: 0.3, byMs: 20 }])
    .flat()
    .sort((a, b) => a.at - b.at)
    .map((d) => d.item)
  t.ok(
    order.some((item, i) => i > 0 && item < order[i - 1]!),
    'something was overtaken',
  )
})

/** One fault of each kind. */
const ALL: readonly Fault[] = [
  { kind: 'loss', rate: 0.2 },
  { kind: 'duplicate', rate: 0.2 },
  { kind: 'delay', ms: 3, jitterMs: 1 },
  { kind: 'reorder', rate: 0.2, byMs: 9 },
]

t.test('composed: a duplicate is delayed independently, nothing is delivered early, times ascend', async (t) => {
  const all = run([
    { kind: 'duplicate', rate: 0.2 },
    { kind: 'delay', ms: 3, jitterMs: 1 },
    { kind: 'reorder', rate: 0.2, byMs: 9 },
  ])
  t.ok(all.some((d) => d.length === 2 && d[0]!.at !== d[1]!.at))
  t.ok(all.every((deliveries, i) => deliveries.every((d) => d.at >= i + 3 && d.at < i + 13)))
  t.ok(all.every((d) => d.length < 2 || d[0]!.at <= d[1]!.at))
})

t.test('same seed, same run; another seed, another run', async (t) => {
  const first = digest(ALL, 1)
  const again = digest(ALL, 1)
  t.ok(first === again)
  t.ok(first !== digest(ALL, 2))
})

t.test('a fault is its own JSON', async (t) => {
  t.ok(digest(JSON.parse(JSON.stringify(ALL)) as Fault[]) === digest(ALL))
})

t.test('seededRandom stays in its ranges', async (t) => {
  const random = seededRandom(3)
  for (let i = 0; i < 1_000; i++) {
    const share = random.next()
    const n = random.int(6)
    if (!(share >= 0 && share < 1 && Number.isInteger(n) && n >= 0 && n < 6)) t.fail(`${share}, ${n}`)
  }
})
