import t from 'tap'
import { LaneCarrier } from '../../dist/ports/cable-carrier.js'

t.test('with one lane the carrier is the lane’s, at once', async (t) => {
  const carrier = new LaneCarrier(1)
  t.ok(carrier.setLane(0, true, 0))
  t.ok(carrier.isUp)
  t.equal(carrier.deadline(), Number.POSITIVE_INFINITY)
  t.notOk(carrier.setLane(0, true, 1), 'a newer cable changes nothing')
  t.ok(carrier.setLane(0, false, 2))
  t.notOk(carrier.isUp)
})

t.test('with more, it comes a moment after the last of them', async (t) => {
  const carrier = new LaneCarrier(3)
  t.notOk(carrier.setLane(0, true, 0))
  t.notOk(carrier.setLane(1, true, 3))
  t.equal(carrier.deadline(), 1_000)
  t.notOk(carrier.setLane(2, true, 5))
  t.equal(carrier.deadline(), 25)
  t.notOk(carrier.onTimeout(24))
  t.ok(carrier.onTimeout(25))
  t.ok(carrier.isUp)
  t.notOk(carrier.onTimeout(26))
  t.equal(carrier.deadline(), Number.POSITIVE_INFINITY)
})

t.test('a lane that does not come holds it up for a second', async (t) => {
  const carrier = new LaneCarrier(2)
  carrier.setLane(1, true, 100)
  t.notOk(carrier.onTimeout(1_099))
  t.ok(carrier.onTimeout(1_100))
  t.notOk(carrier.setLane(0, true, 2_000))
  t.ok(carrier.isUp)
  t.strictSame(carrier.lanes, [true, true])
})

t.test('it goes with the last lane', async (t) => {
  const carrier = new LaneCarrier(2)
  carrier.setLane(0, true, 0)
  carrier.setLane(1, true, 0)
  carrier.onTimeout(20)
  t.notOk(carrier.setLane(0, false, 30))
  t.ok(carrier.isUp)
  t.ok(carrier.setLane(1, false, 30))
  t.notOk(carrier.isUp)
  t.notOk(carrier.onTimeout(10_000))
})

t.test('lanes that have gone before it came leave nothing to wait for', async (t) => {
  const carrier = new LaneCarrier(2)
  carrier.setLane(0, true, 0)
  carrier.setLane(0, false, 10)
  t.equal(carrier.deadline(), Number.POSITIVE_INFINITY)
  carrier.setLane(1, true, 50)
  t.equal(carrier.deadline(), 1_050)
})
