import { EdgeEnd, type EdgeFlow, EdgeRecorder, facts, HopFate, type HopTable, NO_HOP } from '@fivetuple/flow-records'
import { IpProtocol } from '@fivetuple/packet'
import t from 'tap'

const VIP = 0x7f140a01
const CLIENT = 0x7f146401

/** Modulo by the client's port over these LBs. */
function over(...lbs: readonly number[]): HopTable {
  return {
    portOf: ({ clientPort }) => (lbs.length === 0 ? NO_HOP : lbs[clientPort % lbs.length]!),
    isNextHop: (_vip, port) => lbs.includes(port),
  }
}

function open(recorder: EdgeRecorder, clientPort: number, now = 0): EdgeFlow {
  const flow = recorder.open(IpProtocol.TCP, CLIENT, VIP, clientPort, 8080, now)
  recorder.establish(flow)
  return flow
}

t.test('a flow that ends before its first row is one row', async (t) => {
  let wakes = 0
  const recorder = new EdgeRecorder(over(1, 2), { onPending: () => wakes++ })
  const flow = open(recorder, 40_000, 5)
  recorder.end(flow, EdgeEnd.CLOSED, 9)
  const [row, ...more] = recorder.takeRows(10)
  t.same(more, [])
  t.equal(wakes, 1)
  t.match(facts(row!), { id: 1, openedAt: 5, endedAt: 9, end: EdgeEnd.CLOSED, home: 1, fate: HopFate.KEPT })
  t.same(recorder.takeRows(10), [])
  t.equal(recorder.liveCount, 0)
})

t.test('changes of the route: away, gone, back', async (t) => {
  const rehashed: unknown[] = []
  const recorder = new EdgeRecorder(over(1, 2, 3, 4), { onRehashed: (flows) => rehashed.push(flows) })
  const flows = [0, 1, 2, 3, 4, 5].map((i) => open(recorder, 40_000 + i)) // LBs 1 2 3 4 1 2
  recorder.changeRoutes(over(1, 3, 4), 7, 100)
  t.notOk(recorder.work(1_000))
  t.same(
    flows.map(({ port, fate, fateCause }) => [port, fate, fateCause]),
    [
      [3, HopFate.AWAY, 7],
      [4, HopFate.GONE, 7],
      [1, HopFate.AWAY, 7],
      [3, HopFate.AWAY, 7],
      [4, HopFate.AWAY, 7],
      [1, HopFate.GONE, 7],
    ],
  )
  t.same(rehashed, [
    {
      cause: 7,
      moves: [
        { from: 1, to: 3, flows: 1 },
        { from: 2, to: 4, flows: 1 },
        { from: 3, to: 1, flows: 1 },
        { from: 4, to: 3, flows: 1 },
        { from: 1, to: 4, flows: 1 },
        { from: 2, to: 1, flows: 1 },
      ],
    },
  ])
  recorder.end(flows[0]!, EdgeEnd.RESET, 110)
  recorder.end(flows[1]!, EdgeEnd.RESET, 111)
  recorder.end(flows[2]!, EdgeEnd.ABORTED, 111)
  t.same(recorder.takeBroken(), [
    { cause: 7, outcome: 'broken-by-rehash', home: 1, flows: 1 },
    { cause: 7, outcome: 'lost-with-its-lb', home: 2, flows: 1 },
    { cause: 7, outcome: 'broken-by-rehash', home: 3, flows: 1 },
  ])
  t.same(recorder.takeBroken(), [])
  recorder.changeRoutes(over(1, 2, 3, 4), 8, 200)
  recorder.work(1_000)
  t.equal(flows[4]!.fate, HopFate.RETURNED)
  t.equal(flows[5]!.fate, HopFate.RESTORED)
  t.same(facts(recorder.takeRows(100).at(-1)!).changes, [100, 1, 7, 200, 2, 8])
})

t.test('flows that begin and end while a change is being applied', async (t) => {
  const recorder = new EdgeRecorder(over(1, 2))
  const flows = [0, 1, 2, 3].map((i) => open(recorder, 40_000 + i))
  recorder.changeRoutes(over(2), 1, 10)
  t.ok(recorder.work(1), 'one of four is done')
  recorder.changeRoutes(over(), 2, 11)
  const late = open(recorder, 40_004, 12)
  recorder.end(flows[3]!, EdgeEnd.TIMEOUT, 13)
  recorder.end(flows[2]!, EdgeEnd.TIMEOUT, 13)
  t.equal(flows[3]!.fate, HopFate.GONE)
  t.equal(flows[3]!.fateCause, 2)
  t.same(flows[2]!.changes, [
    { at: 10, port: 2, cause: 1 },
    { at: 11, port: NO_HOP, cause: 2 },
  ])
  while (recorder.work(1));
  t.equal(late.changes, undefined)
  t.equal(flows[0]!.port, NO_HOP)
  t.equal(recorder.liveCount, 3)
})

t.test('before the handshake, the LB that gets the next SYN is the home', async (t) => {
  const recorder = new EdgeRecorder(over(1))
  const flow = recorder.open(IpProtocol.TCP, CLIENT, VIP, 40_000, 8080, 0)
  recorder.changeRoutes(over(2), 1, 10)
  recorder.work(10)
  recorder.establish(flow)
  t.match(flow, { firstPort: 1, home: 2, port: 2, fate: HopFate.KEPT })
  recorder.end(flow, EdgeEnd.RESET, 20)
  t.same(recorder.takeBroken(), [])
})

t.test('too many rows are lost and counted', async (t) => {
  const recorder = new EdgeRecorder(over(1), { maxPending: 2 })
  for (let i = 0; i < 5; i++) open(recorder, 40_000 + i)
  t.equal(recorder.lost, 6, 'three begins, and three attempts to send them once more')
  t.equal(recorder.takeRows(1).length, 1)
  t.equal(recorder.takeRows(5).length, 1)
})

t.test('a connection in TIME-WAIT has ended', async (t) => {
  const recorder = new EdgeRecorder(over(1))
  const flow = open(recorder, 40_000)
  flow.totals = { isOver: true, lastAt: 50, bytesToFabric: 1, bytesFromFabric: 2 }
  t.match(facts(recorder.takeRows(5)[0]!), { end: EdgeEnd.CLOSED, endedAt: 50, bytesFromClient: 1, bytesToClient: 2 })
  recorder.changeRoutes(over(2), 1, 60)
  recorder.work(5)
  recorder.end(flow, EdgeEnd.CLOSED, 550)
  t.same(recorder.takeRows(5), [], 'nothing more to report')
})
