import { strict as assert } from 'node:assert'
import type { FlowApplication } from '@fivetuple/edge'
import type { Fault } from '@fivetuple/faults'
import { IpProtocol, parseIpv4, TcpFlag, writeIpv4Header, writeTcpHeader } from '@fivetuple/packet'
import t, { type Test } from 'tap'
import { SimulatedCluster } from './simulation/simulated-cluster.js'
import { type Streams, startStreams } from './simulation/streams.js'

/** Long enough for every retry, keep-alive and session timeout to run out. */
const LONG_MS = 600_000
const CLIENT = parseIpv4('127.20.100.1')!

function start(seed: number, faults: readonly Fault[], flows = 60, bytes = 20_000): Streams {
  return startStreams({ seed, faults, flows, bytes, startWithinMs: 500 })
}

/** Runs something for several seeds; a failure says for which. */
function forSeeds(seeds: readonly number[], run: (seed: number) => void): void {
  for (const seed of seeds) {
    try {
      run(seed)
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
}

const SEEDS = [1, 2, 3, 4, 5]
const CLEAN: readonly Fault[] = [{ kind: 'delay', ms: 1, jitterMs: 0 }]

t.test('all flows complete, every byte once and in order, and nothing is left', async (t: Test) => {
  forSeeds(SEEDS, (seed) => {
    const { cluster, clients, bytes } = start(seed, CLEAN)
    cluster.run(2_000)
    cluster.checkSessions()
    assert(cluster.run(LONG_MS), 'the cluster comes to rest')
    for (const client of clients) {
      assert.equal(client.failure, undefined)
      assert.equal(client.sink.received, bytes)
      assert(client.sink.ended && client.closed)
    }
    assert.deepEqual(cluster.leftovers(), { flows: 0, sessions: 0 })
    assert(cluster.packetsTo.filter((packets) => packets > 0).length === 4, 'all four LBs carried packets')
  })
  t.pass(`${SEEDS.length} seeds`)
})

/** An end that only opens and closes. */
class Listener implements FlowApplication {
  connected = false
  failure: string | undefined
  onConnected(): void {
    this.connected = true
  }
  onData(): void {}
  onEnd(): void {}
  onWritable(): void {}
  onFailure(failure: string): void {
    this.failure = failure
  }
  onClosed(): void {}
}

for (const [who, forgets] of [
  ['its client', ['clients']],
  ['both its ends', ['clients', 'servers']],
] as const)
  t.test(`a connection that ${who} forgot: the same port again is a new flow, not at a drained backend`, async (t) => {
    const accepted: number[] = []
    const cluster = new SimulatedCluster({ seed: 1, lbs: 4, backends: 3, faults: CLEAN }, (flow) => {
      accepted.push(flow.localAddress)
      return new Listener()
    })
    const first = new Listener()
    cluster.act(() => cluster.connect(CLIENT, 40_000, first))
    cluster.run(100)
    t.ok(first.connected)
    cluster.drainBackend(accepted[0]!)
    for (const side of forgets) cluster.forget(side)
    const again = new Listener()
    cluster.act(() => cluster.connect(CLIENT, 40_000, again))
    cluster.run(2_000)
    t.ok(again.connected)
    t.equal(again.failure, undefined)
    t.equal(accepted.length, 2, 'the drained backend has got no connection')
    t.not(accepted[1], accepted[0])
    cluster.checkSessions()
  })

t.test('a SYN with the tuple of a live connection ends nothing', async (t) => {
  const ends: Listener[] = []
  const cluster = new SimulatedCluster({ seed: 1, lbs: 4, backends: 3, faults: CLEAN }, () => {
    ends.push(new Listener())
    return ends.at(-1)!
  })
  const client = new Listener()
  const flow = cluster.connect(CLIENT, 40_000, client)
  cluster.run(100)
  for (const { forwarder } of cluster.lbs) {
    const blind = new Uint8Array(40)
    writeIpv4Header(blind, 0, 40, 63, IpProtocol.TCP, CLIENT, flow.remoteAddress)
    writeTcpHeader(blind, 20, 40_000, flow.remotePort, 0x77777777, 0, 20, TcpFlag.SYN, 0xffff)
    const carries = forwarder.sessionCount > 0
    if (carries) cluster.act(() => forwarder.receiveFromUplink(blind, 0, 40, cluster.clock.now))
  }
  cluster.run(8_000) // beyond a keep-alive, whose response shows that both ends still agree
  t.equal(ends.length, 1)
  t.same([client.failure, ends[0]!.failure], [undefined, undefined])
  t.same(cluster.leftovers(), { flows: 2, sessions: 1 })
})

t.test('lossy, reordering, duplicating cables change nothing about the bytes', async (t: Test) => {
  const faults: readonly Fault[] = [
    { kind: 'loss', rate: 0.03 },
    { kind: 'duplicate', rate: 0.02 },
    { kind: 'delay', ms: 3.5, jitterMs: 2.5, reorders: true },
  ]
  let failed = 0
  let completed = 0
  forSeeds(SEEDS, (seed) => {
    const { cluster, clients, bytes } = start(seed, faults)
    for (let at = 1_000; at <= 20_000; at += 1_000) {
      cluster.run(at)
      cluster.checkSessions()
    }
    assert(cluster.run(LONG_MS), 'the cluster comes to rest')
    for (const client of clients) {
      if (client.failure !== undefined) failed++
      else {
        assert.equal(client.sink.received, bytes)
        assert(client.sink.ended && client.closed)
        completed++
      }
    }
    assert.deepEqual(cluster.leftovers(), { flows: 0, sessions: 0 })
  })
  t.comment(`${completed} flows completed, ${failed} failed`)
  t.ok(completed > failed * 20, 'loss is repaired, not suffered')
})

t.test('an LB that crashes takes its flows along, and every one of them ends', async (t: Test) => {
  forSeeds(SEEDS, (seed) => {
    const { cluster, clients } = start(seed, CLEAN)
    cluster.run(400)
    cluster.crash(2)
    assert(cluster.run(LONG_MS), 'the cluster comes to rest')
    for (const client of clients) assert(client.closed, 'no flow hangs')
    assert(
      clients.some(({ failure }) => failure === 'reset'),
      'rehashed flows were reset',
    )
    assert(
      clients.some(({ failure }) => failure === undefined),
      'flows that stayed completed',
    )
    assert.deepEqual(cluster.leftovers(), { flows: 0, sessions: 0 })
  })
  t.pass(`${SEEDS.length} seeds`)
})

t.test('the same seed is the same run', async (t: Test) => {
  const trace = (seed: number) => {
    const { cluster, clients } = start(seed, [{ kind: 'loss', rate: 0.05 }, ...CLEAN], 20, 5_000)
    cluster.run(LONG_MS)
    return [cluster.clock.now, cluster.packetsTo, clients.map(({ failure, sink }) => [failure, sink.received])]
  }
  t.strictSame(trace(11), trace(11))
  t.notSame(trace(11), trace(12))
})
