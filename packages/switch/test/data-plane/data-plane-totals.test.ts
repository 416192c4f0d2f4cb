import t from 'tap'
import {
  cardTotals,
  joinListenFailures,
  NO_COUNTERS,
  packetsIn,
  sumCounters,
} from '../../dist/data-plane/data-plane-totals.js'
import type { DataPlaneStatus } from '../../dist/status.js'

function card(n: number): DataPlaneStatus {
  return {
    ports: [
      {
        id: 1,
        peer: 'lb-1',
        up: true,
        isAdminDown: false,
        packetsIn: n,
        bytesIn: 10 * n,
        packetsOut: 2 * n,
        bytesOut: 20 * n,
      },
      { id: 2, peer: 'lb-2', up: true, isAdminDown: false, packetsIn: 3, bytesIn: 0, packetsOut: 0, bytesOut: 0 },
    ],
    flows: n,
    budgets: { descriptors: 1_000 + n, tcp: 10, udp: 5, checks: 2 },
    edge: { opened: n, udpDatagramsIn: 1 },
    diverted: { flows: n, total: 2 * n, overLimit: 0 },
    drops: { 'no-route': n },
    listening: ['127.20.10.1:8080', ...(n === 1 ? ['127.20.10.2:53'] : [])],
    listenFailures: n === 5 ? [{ service: 'dns', code: 'EACCES', reason: 'in use' }] : [],
    cards: [],
  }
}

const PORTS = [
  { id: 1, peer: 'lb-1', isAdminDown: false },
  { id: 2, peer: 'lb-2', isAdminDown: true },
  { id: 3, peer: 'lb-3', isAdminDown: false },
]

t.test('cards are reported as one switch', async (t) => {
  t.strictSame(
    cardTotals([card(1), card(5)], NO_COUNTERS, (port) => port === 1, PORTS),
    {
      ports: [
        { peer: 'lb-1', up: true, isAdminDown: false, id: 1, packetsIn: 6, bytesIn: 60, packetsOut: 12, bytesOut: 120 },
        { peer: 'lb-2', up: false, isAdminDown: true, id: 2, packetsIn: 6, bytesIn: 0, packetsOut: 0, bytesOut: 0 },
        { peer: 'lb-3', up: false, isAdminDown: false, id: 3, packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0 },
      ],
      flows: 6,
      budgets: { descriptors: 1_001, tcp: 20, udp: 10, checks: 4 },
      edge: { opened: 6, udpDatagramsIn: 2 },
      diverted: { flows: 6, total: 12, overLimit: 0 },
      drops: { 'no-route': 6 },
      listening: ['127.20.10.1:8080', '127.20.10.2:53'],
      listenFailures: [{ service: 'dns', code: 'EACCES', reason: 'in use' }],
    },
  )
  t.equal(packetsIn(card(5)), 8)
})

t.test('what a card had counted when it died stays in the totals; its flows do not', async (t) => {
  const ended = sumCounters([sumCounters([NO_COUNTERS, card(5)]), card(2)])
  t.match(
    cardTotals([card(1)], ended, () => true, PORTS),
    {
      ports: [{ packetsIn: 8 }, { packetsIn: 9 }, { packetsIn: 0 }],
      flows: 1,
      edge: { opened: 8, udpDatagramsIn: 3 },
      diverted: { flows: 1, total: 16 },
      drops: { 'no-route': 8 },
    },
  )
})

t.test('a service that several cards can not listen for has one failure', async (t) => {
  const failure = { service: 'web', code: 'EADDRINUSE', reason: 'in use' }
  t.same(joinListenFailures([]), [])
  t.same(joinListenFailures([[failure], [], [failure, { ...failure, service: 'api' }]]), [
    failure,
    { ...failure, service: 'api' },
  ])
})
