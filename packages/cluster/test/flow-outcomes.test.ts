import { strict as assert } from 'node:assert'
import type { Fault } from '@fivetuple/faults'
import { facts, type Outcome, type StoredFlow } from '@fivetuple/flow-records'
import { parseIpv4 } from '@fivetuple/packet'
import t from 'tap'
import { byteOf } from './simulation/byte-stream.js'
import { ClientPeer, ServerPeer } from './simulation/peers.js'
import { SimulatedCluster } from './simulation/simulated-cluster.js'

/** Long enough for every retry, keep-alive and session timeout to run out. */
const LONG_MS = 600_000
const CLIENT = parseIpv4('127.20.100.1')!
/** Bytes that tell a stream from all others of one simulation. */
const HEAD = 4
const FLOWS = 60
const BYTES = 20_000
const SEEDS = 12
const LBS = 4

/** Outcomes that fit what an application at the client's end has seen. */
const FITTING: Readonly<Record<string, readonly Outcome[]>> = {
  none: ['completed', 'survived'],
  reset: ['broken-by-rehash', 'lost-with-its-lb', 'reset-by-backend', 'idle-expired'],
  timeout: ['broken-by-rehash', 'lost-with-its-lb', 'timed-out', 'no-route'],
  refused: ['refused', 'no-route'],
}

function start(seed: number, faults: readonly Fault[]) {
  const ids = new Map(
    Array.from({ length: FLOWS }, (_, id) => [Array.from({ length: HEAD }, (_, i) => byteOf(2 * id, i)).join(), id]),
  )
  const cluster: SimulatedCluster = new SimulatedCluster(
    { seed, lbs: LBS, backends: 3, faults },
    (flow, edge) =>
      new ServerPeer(cluster, edge, flow, BYTES, (head) => (head.length < HEAD ? undefined : ids.get(head.join()))),
  )
  const clients: ClientPeer[] = []
  for (let id = 0; id < FLOWS; id++)
    cluster.clock.schedule(cluster.random.int(500), () =>
      clients.push(ClientPeer.open(cluster, id, CLIENT + (id % 5), 40_000 + id, BYTES, id % 4 === 0)),
    )
  return { cluster, clients }
}

/** Compares the records with what the clients' applications have seen. */
function check({ cluster, clients }: ReturnType<typeof start>): Map<number, StoredFlow> {
  cluster.collect()
  cluster.collect() // what the first time has arrived at LBs before the edge
  const { flows, matching, outcomes } = cluster.flows.select({}, 10_000)
  assert.equal(matching, clients.length, 'as many records as flows were opened')
  assert.equal(
    Object.values(outcomes).reduce((sum, count) => sum + count, 0),
    clients.length,
  )
  assert.equal(outcomes.open, 0)
  const byPort = new Map(flows.map((flow) => [facts(flow.row).clientPort, flow]))
  for (const { flow, failure, sink } of clients) {
    const record = byPort.get(flow!.localPort)!
    // Without the ACK of its FIN an application is told of a reset that has cost it nothing.
    const fitting = FITTING[flow!.isDrained ? 'none' : (failure ?? 'none')]!
    assert(
      fitting.includes(record.outcome),
      `${record.outcome} although its client has seen ${failure ?? 'no failure'}`,
    )
    if (failure === undefined) assert.equal(facts(record.row).bytesToClient, sink.received)
  }
  return byPort
}

function forSeeds(run: (seed: number) => void): void {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      run(seed)
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
}

t.test(
  'an LB dies: direct loss and collateral are the outcomes of exactly the flows that the route table names',
  async (t) => {
    const sum = { lost: 0, broken: 0, kept: 0 }
    forSeeds((seed) => {
      const { cluster, clients } = start(seed, [{ kind: 'delay', ms: 1, jitterMs: 0 }])
      cluster.run(300 + (seed % 100))
      if (seed % 2 === 0) cluster.collect() // the dead LB may have reported its sessions, or not
      const established = clients.filter(({ flow, connected }) => connected && !flow!.isOver)
      const portOf = ({ flow }: ClientPeer) => cluster.portOf(flow!.localAddress, flow!.localPort)
      const before = new Map(established.map((client) => [client, portOf(client)]))
      cluster.crash(2)
      const after = new Map(established.map((client) => [client, portOf(client)]))
      assert(cluster.run(LONG_MS))
      const records = check({ cluster, clients })
      for (const client of established) {
        const { outcome } = records.get(client.flow!.localPort)!
        const isLost = before.get(client) === 2
        const isMoved = before.get(client) !== after.get(client)
        const expected = isLost ? 'lost-with-its-lb' : isMoved ? 'broken-by-rehash' : 'completed'
        // A FIN that was under way may have ended it in order.
        assert(outcome === expected || outcome === 'survived', `${outcome} in place of ${expected}`)
        if (outcome === 'survived') continue
        sum[isLost ? 'lost' : isMoved ? 'broken' : 'kept']++
      }
    })
    t.comment(sum)
    t.ok(sum.lost > 20 && sum.broken > 40 && sum.kept > 40, 'all three have occurred')
  },
)

t.test(
  'random deaths and returns of LBs on impaired cables: the sum over outcomes is the number of flows',
  async (t) => {
    const faults: readonly Fault[] = [
      { kind: 'loss', rate: 0.02 },
      { kind: 'duplicate', rate: 0.01 },
      { kind: 'delay', ms: 3.5, jitterMs: 2.5, reorders: true },
    ]
    const seen = new Map<Outcome, number>()
    forSeeds((seed) => {
      const { cluster, clients } = start(seed, faults)
      const dead = new Set<number>()
      for (let at = 100; at <= 3_000; at += 50 + cluster.random.int(400)) {
        cluster.run(at)
        const lb = 1 + cluster.random.int(LBS)
        if (dead.has(lb)) cluster.act(() => cluster.restart(lb))
        else cluster.crash(lb)
        if (!dead.delete(lb)) dead.add(lb)
        if (cluster.random.int(3) === 0) cluster.collect()
      }
      for (const lb of dead) cluster.act(() => cluster.restart(lb))
      assert(cluster.run(LONG_MS), 'the cluster comes to rest')
      for (const { outcome } of check({ cluster, clients }).values()) seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
    })
    t.comment(Object.fromEntries(seen))
    for (const outcome of ['completed', 'broken-by-rehash', 'lost-with-its-lb'] as const)
      t.ok((seen.get(outcome) ?? 0) > 0, `${seen.get(outcome)} ${outcome}`)
  },
)
