import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { PortCarriers } from '../../dist/ports/port-carriers.js'

t.test('a port comes up with its last member link and goes down with the first that breaks', async (t) => {
  const carriers = new PortCarriers([1, 2], 2)
  t.strictSame(carriers.setMemberLink(0, 1, true), [])
  t.strictSame(carriers.setMemberLink(1, 1, true), [{ port: 1, up: true }])
  t.strictSame(carriers.up, [1])
  t.strictSame(carriers.setMemberLink(1, 1, true), [], 'a cable has replaced another one')
  t.strictSame(carriers.setMemberLink(0, 1, false), [{ port: 1, up: false }])
  t.strictSame(carriers.setMemberLink(1, 1, false), [])
  t.strictSame(carriers.setMemberLink(1, 1, true), [])
  t.strictSame(carriers.setMemberLink(0, 1, true), [{ port: 1, up: true }])
  t.notOk(carriers.isUp(2))
})

t.test('a card that dies takes no carrier with it, and adds its member links when it is back', async (t) => {
  const carriers = new PortCarriers([1], 2)
  carriers.setMemberLink(0, 1, true)
  carriers.setMemberLink(1, 1, true)
  t.strictSame(carriers.cardDied(1), [])
  t.equal(carriers.memberLinksUp(1), 0)
  carriers.cardStarted(1)
  t.ok(carriers.isUp(1), 'it need not wait for a member link that has not come up yet')
  t.strictSame(carriers.setMemberLink(1, 1, true), [])
  t.strictSame(carriers.setMemberLink(1, 1, false), [{ port: 1, up: false }], 'now it counts')
})

t.test('without a card a port comes up with the member links of the others', async (t) => {
  const carriers = new PortCarriers([1], 3)
  carriers.setMemberLink(0, 1, true)
  carriers.setMemberLink(1, 1, true)
  t.strictSame(carriers.cardDied(2), [{ port: 1, up: true }])
  t.strictSame(carriers.setMemberLink(0, 1, false), [{ port: 1, up: false }], 'the LB is gone')
  t.strictSame(carriers.cardDied(0), [{ port: 1, up: true }], 'no: it was the card')
  t.strictSame(carriers.cardDied(1), [{ port: 1, up: false }], 'no member link is left')
})

t.test('an unknown port is ignored', async (t) => {
  t.strictSame(new PortCarriers([1], 1).setMemberLink(0, 9, true), [])
  t.notOk(new PortCarriers([1], 1).isUp(9))
})

t.test('changes match the state, and no carrier appears without a cause, after any events', async () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('memberLink' as const), card: fc.nat(2), port: fc.nat(1), up: fc.boolean() }),
    fc.record({ kind: fc.constant('died' as const), card: fc.nat(2) }),
    fc.record({ kind: fc.constant('started' as const), card: fc.nat(2) }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const carriers = new PortCarriers([0, 1], 3)
      const told = [false, false]
      const runs = [true, true, true]
      const memberLinks = [0, 1].map(() => [false, false, false])
      for (const e of events) {
        // Member links are told by cards that run, and a card starts that does not.
        if (e.kind === 'started' ? runs[e.card] : !runs[e.card]) continue
        if (e.kind === 'started') carriers.cardStarted(e.card)
        const changes =
          e.kind === 'memberLink'
            ? carriers.setMemberLink(e.card, e.port, e.up)
            : e.kind === 'died'
              ? carriers.cardDied(e.card)
              : []
        if (e.kind === 'memberLink') memberLinks[e.port]![e.card] = e.up
        else {
          runs[e.card] = e.kind === 'started'
          for (const ofPort of memberLinks) ofPort[e.card] = false
        }
        for (const { port, up } of changes) {
          assert.notEqual(told[port], up)
          told[port] = up
        }
        for (const port of [0, 1]) {
          assert.equal(carriers.isUp(port), told[port])
          const some = memberLinks[port]!.some(Boolean)
          const all = memberLinks[port]!.every((up, card) => up || !runs[card])
          if (!some) assert.ok(!carriers.isUp(port))
          if (some && all) assert.ok(carriers.isUp(port))
        }
      }
    }),
    { numRuns: 500 },
  )
})
