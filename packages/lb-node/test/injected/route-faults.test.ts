import t from 'tap'
import { RouteFaults } from '../../dist/injected/route-faults.js'

t.test('a route that flaps is withheld first, and announced in turn', async (t) => {
  const faults = new RouteFaults()
  faults.set(7, { flap: { upMs: 300, downMs: 100 } }, 1_000)
  const changes: [at: number, isWithheld: boolean][] = []
  for (let now = 1_000; now < 2_000; now = faults.deadline(now)) changes.push([now, faults.isWithheld(7, now)])
  t.strictSame(changes, [
    [1_000, true],
    [1_100, false],
    [1_400, true],
    [1_500, false],
    [1_800, true],
    [1_900, false],
  ])
  t.equal(faults.isWithheld(7, 1_850), true, 'a late look sees the phase of its time')
  t.strictSame(faults.list(), [{ address: 7, isWithheld: false, flap: { upMs: 300, downMs: 100 } }])
})

t.test('withheld and flapping are cleared one by one', async (t) => {
  const faults = new RouteFaults()
  faults.set(7, { flap: { upMs: 300, downMs: 100 } }, 0)
  faults.set(7, { isWithheld: true }, 50)
  t.equal(faults.isWithheld(7, 150), true)
  t.equal(faults.deadline(150), 400, 'the phases go on')
  faults.set(7, { isWithheld: false }, 160)
  t.equal(faults.isWithheld(7, 160), false)
  faults.set(7, { flap: null }, 200)
  t.strictSame(faults.list(), [])
  t.equal(faults.deadline(200), Number.POSITIVE_INFINITY)
  t.equal(faults.isWithheld(7, 200), false)
})

t.test('the earliest of several flaps is the deadline', async (t) => {
  const faults = new RouteFaults()
  faults.set(1, { flap: { upMs: 500, downMs: 500 } }, 0)
  faults.set(2, { flap: { upMs: 10, downMs: 20 } }, 0)
  t.equal(faults.deadline(0), 20)
  t.equal(faults.deadline(20), 30)
  t.equal(faults.deadline(495), 500)
})
