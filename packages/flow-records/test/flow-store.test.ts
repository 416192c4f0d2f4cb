import {
  EdgeEnd,
  type EdgeRow,
  FlowStore,
  HopFate,
  type OutcomeCounts,
  SessionEvent,
  type SessionRow,
} from '@fivetuple/flow-records'
import { IpProtocol } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'

const VIP = 0x7f140a01
const CLIENT = 0xc0a80001
const { TCP } = IpProtocol

interface Edge {
  readonly id: number
  readonly port?: number
  readonly openedAt?: number
  readonly endedAt?: number
  readonly end?: EdgeEnd
  readonly fate?: HopFate
  readonly home?: number
}

function edge({ id, port = 40_000 + id, openedAt = 0, endedAt = 0, end = EdgeEnd.OPEN, ...more }: Edge): EdgeRow {
  const { fate = HopFate.KEPT, home = 1 } = more
  return [id, TCP, CLIENT, port, VIP, 8080, openedAt, openedAt, endedAt, 1, 2, 3, end, fate, 0, home, home, 1, 0, []]
}

function session(event: SessionEvent, port: number, openedAt: number, cause = ''): SessionRow {
  return [event, TCP, CLIENT, port, VIP, 8080, openedAt, 0, 5_000, 0x7f140301, 8080, cause]
}

const total = (counts: OutcomeCounts): number => Object.values(counts).reduce((sum, count) => sum + count, 0)

t.test('the halves of a flow are joined in either order', async (t) => {
  const store = new FlowStore({ kept: 10 })
  store.takeSessionRow(1, 0, session(SessionEvent.OPEN, 40_001, 10))
  store.takeEdgeRow('uplink', 0, edge({ id: 1, openedAt: 9.5 }))
  store.takeEdgeRow('uplink', 0, edge({ id: 1, openedAt: 9.5, endedAt: 20, end: EdgeEnd.RESET }))
  t.match(store.outcomes, { open: 0, 'reset-by-backend': 1 })
  store.takeSessionRow(1, 0, session(SessionEvent.EXPIRED, 40_001, 10))
  t.match(store.outcomes, { 'idle-expired': 1, 'reset-by-backend': 0 }, 'a late report changes the outcome')
  const [flow] = store.select({}, 10).flows
  t.equal(flow?.sessions.length, 1, 'the later row of a session replaces the earlier one')
})

t.test('clocks of processes are put forward to that of the machine', async (t) => {
  const store = new FlowStore({ kept: 10 })
  store.takeEdgeRow('uplink', 1_000, edge({ id: 1, openedAt: 50 }))
  store.takeSessionRow(2, 400, session(SessionEvent.OPEN, 40_001, 651))
  t.equal(store.select({}, 1).flows[0]?.sessions.length, 1)
})

t.test('a port that is used again: each session belongs to the flow of its time', async (t) => {
  const store = new FlowStore({ kept: 10 })
  const first = { id: 1, port: 40_000, openedAt: 0 }
  store.takeEdgeRow('uplink', 0, edge({ ...first, endedAt: 100, end: EdgeEnd.CLOSED }))
  store.takeEdgeRow('uplink', 0, edge({ id: 2, port: 40_000, openedAt: 200 }))
  store.takeSessionRow(1, 0, session(SessionEvent.CLOSED, 40_000, 1))
  store.takeSessionRow(1, 0, session(SessionEvent.OPEN, 40_000, 201))
  const { flows } = store.select({}, 10)
  t.same(
    flows.map(({ number, sessions }) => [number, sessions.map(({ openedAt }) => openedAt)]),
    [
      [2, [201]],
      [1, [1]],
    ],
  )
})

t.test('the process of an edge ends: its flows are lost with it', async (t) => {
  const store = new FlowStore({ kept: 10 })
  store.takeEdgeRow('uplink/1', 0, edge({ id: 1 }))
  store.takeEdgeRow('uplink/1', 0, edge({ id: 2, endedAt: 5, end: EdgeEnd.CLOSED }))
  store.endSource('uplink/1', 50)
  store.takeEdgeRow('uplink/2', 0, edge({ id: 1, openedAt: 60 }))
  t.match(store.outcomes, { open: 1, completed: 1, 'lost-with-its-switch': 1 })
  t.equal(store.liveCount, 1)
})

t.test('selections and pages', async (t) => {
  const store = new FlowStore({ kept: 100 })
  for (let id = 1; id <= 10; id++) store.takeEdgeRow('uplink', 0, edge({ id, home: 1 + (id % 2), openedAt: id }))
  for (let id = 1; id <= 4; id++)
    store.takeEdgeRow(
      'uplink',
      0,
      edge({ id, home: 1 + (id % 2), openedAt: id, endedAt: 20 + id, end: EdgeEnd.CLOSED }),
    )
  const numbers = (selection: Parameters<FlowStore['select']>[0], limit = 100): number[] =>
    store.select(selection, limit).flows.map(({ number }) => number)
  t.same(numbers({ outcomes: ['completed'] }), [4, 3, 2, 1])
  t.same(numbers({ lb: 2 }), [9, 7, 5, 3, 1])
  t.same(numbers({ client: { address: CLIENT, port: 40_003 } }), [3])
  t.same(numbers({ vip: { address: VIP, port: 8080, protocol: TCP } }).length, 10)
  t.same(numbers({ vip: { address: VIP, port: 8081, protocol: TCP } }), [])
  t.same(numbers({ since: 23 }), [10, 9, 8, 7, 6, 5, 4, 3])
  t.match(store.select({}, 4), { matching: 10, hasMore: true, outcomes: { open: 6, completed: 4 } })
  t.same(numbers({ before: 7 }, 4), [6, 5, 4, 3])
  t.match(store.select({ before: 3 }, 4), { matching: 10, hasMore: false })
})

t.test('any reports in any order: sums are right and memory is bounded', async (t) => {
  const kept = 8
  const maxLive = 6
  const anyPort = fc.integer({ min: 1, max: 5 })
  const step = fc.oneof(
    fc.record({ what: fc.constant('open' as const), port: anyPort, home: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ what: fc.constant('end' as const), nth: fc.nat(9), end: fc.constantFrom(...Object.values(EdgeEnd)) }),
    fc.record({
      what: fc.constant('session' as const),
      port: anyPort,
      event: fc.constantFrom(...Object.values(SessionEvent)),
      ago: fc.nat(50),
    }),
    fc.record({ what: fc.constant('die' as const) }),
    fc.record({ what: fc.constant('downlink' as const) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const store = new FlowStore({ kept, maxLive, maxWaiting: 10 })
      let live: Edge[] = []
      let opened = 0
      let process = 1
      steps.forEach((step, i) => {
        const now = i * 10
        if (step.what === 'open') {
          const flow = { id: ++opened, port: step.port, home: step.home, openedAt: now }
          live.push(flow)
          store.takeEdgeRow(`uplink/${process}`, 0, edge(flow))
        } else if (step.what === 'end') {
          const flow = live[step.nth % Math.max(live.length, 1)]
          if (flow === undefined) return
          if (step.end !== EdgeEnd.OPEN) live = live.filter((other) => other !== flow)
          const endedAt = step.end === EdgeEnd.OPEN ? 0 : now
          // A row whose flow was dropped before is that of a new one: nothing is counted twice.
          store.takeEdgeRow(`uplink/${process}`, 0, edge({ ...flow, endedAt, end: step.end }))
        } else if (step.what === 'session')
          store.takeSessionRow(1, 0, session(step.event, step.port, Math.max(0, now - step.ago)))
        else if (step.what === 'downlink') store.loseDownlink()
        else {
          store.endSource(`uplink/${process++}`, now)
          live = []
        }
        const { outcomes } = store
        const values = Object.values(outcomes)
        if (values.some((count) => count < 0)) throw new Error(`negative: ${JSON.stringify(outcomes)}`)
        if (total(outcomes) !== total(store.ofVip(VIP, 8080, TCP))) throw new Error('per VIP')
        if (total(outcomes) !== [0, 1, 2].reduce((sum, lb) => sum + total(store.ofLb(lb)), 0)) throw new Error('per LB')
        if (total(outcomes) > opened) throw new Error(`${total(outcomes)} of ${opened} flows`)
        if (store.overLimit === 0 && total(outcomes) !== opened) throw new Error('a flow is missing')
        if (outcomes.open !== store.liveCount) throw new Error(`${outcomes.open} open, ${store.liveCount} live`)
        if (store.liveCount > maxLive || store.size > maxLive + kept) throw new Error('unbounded')
        const { matching, outcomes: selected } = store.select({}, 3)
        if (matching !== store.size || total(selected) !== matching) throw new Error('selection')
      })
    }),
    { numRuns: 500 },
  )
  t.pass('500 runs')
})
