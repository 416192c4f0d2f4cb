import t from 'tap'
import { CableCarrier } from '../../dist/ports/cable-carrier.js'

t.test('with one member link the carrier is that of the link, at once', async (t) => {
  const carrier = new CableCarrier(1)
  t.ok(carrier.setMemberLink(0, true, 0))
  t.ok(carrier.isUp)
  t.equal(carrier.deadline(), Number.POSITIVE_INFINITY)
  t.notOk(carrier.setMemberLink(0, true, 1), 'a newer cable changes nothing')
  t.ok(carrier.setMemberLink(0, false, 2))
  t.notOk(carrier.isUp)
})

t.test('with more, it comes a moment after the last of them', async (t) => {
  const carrier = new CableCarrier(3)
  t.notOk(carrier.setMemberLink(0, true, 0))
  t.notOk(carrier.setMemberLink(1, true, 3))
  t.equal(carrier.deadline(), 1_000)
  t.notOk(carrier.setMemberLink(2, true, 5))
  t.equal(carrier.deadline(), 25)
  t.notOk(carrier.onTimeout(24))
  t.ok(carrier.onTimeout(25))
  t.ok(carrier.isUp)
  t.notOk(carrier.onTimeout(26))
  t.equal(carrier.deadline(), Number.POSITIVE_INFINITY)
})

t.test('a member link that stays down delays it for a second', async (t) => {
  const carrier = new CableCarrier(2)
  carrier.setMemberLink(1, true, 100)
  t.notOk(carrier.onTimeout(1_099))
  t.ok(carrier.onTimeout(1_100))
  t.notOk(carrier.setMemberLink(0, true, 2_000))
  t.ok(carrier.isUp)
  t.strictSame(carrier.memberLinks, [true, true])
})

t.test('carrier is lost with the last member link', async (t) => {
  const carrier = new CableCarrier(2)
  carrier.setMemberLink(0, true, 0)
  carrier.setMemberLink(1, true, 0)
  carrier.onTimeout(20)
  t.notOk(carrier.setMemberLink(0, false, 30))
  t.ok(carrier.isUp)
  t.ok(carrier.setMemberLink(1, false, 30))
  t.notOk(carrier.isUp)
  t.notOk(carrier.onTimeout(10_000))
})

t.test('member links that go down before it is up leave no timer', async (t) => {
  const carrier = new CableCarrier(2)
  carrier.setMemberLink(0, true, 0)
  carrier.setMemberLink(0, false, 10)
  t.equal(carrier.deadline(), Number.POSITIVE_INFINITY)
  carrier.setMemberLink(1, true, 50)
  t.equal(carrier.deadline(), 1_050)
})
