import { EdgeEnd, EdgeRecorder, type EdgeRow, FlowStore, type SessionRow } from '@fivetuple/flow-records'
import { FLOW_HASHES, hostPrefix, IpProtocol } from '@fivetuple/packet'
import { Fib, Forwarder, modulo } from '@fivetuple/switch'
import { Packr, Unpackr } from 'msgpackr'
import type { MicroBench } from './micro-bench.js'
import { NullOutput } from './null-output.js'

const VIP = 0x7f140a01
const CLIENT = 0x7f146401
const BATCH = 1_000
const LIVE = 20_000
const KEPT = 100_000

/** Benches of flow records: what a new connection costs, a change of the route, and memory. */
export const flowRecordBenches: readonly MicroBench[] = [
  { name: 'flow record at the edge: begin, handshake, end, row', prepare: edge },
  { name: 'flow record on its way: pack, unpack, join both halves', prepare: collect },
  { name: `flow records: change of the route, ${LIVE} flows`, prepare: change },
  { name: `an ended flow in the collector, of ${KEPT}`, build: stored, count: KEPT },
]

function forwarder(): Forwarder {
  const ports = [1, 2, 3, 4].map((id) => ({ id, isUp: true, output: new NullOutput() }))
  const options = { address: 1, hash: FLOW_HASHES.murmur3, seed: 0, fib: Fib.empty(modulo), edge: () => {} }
  return new Forwarder(options, ports)
}

function over(...nextHops: readonly number[]): Fib {
  return Fib.empty(modulo).with([{ prefix: hostPrefix(VIP), nextHops, cost: 0 }])
}

function open(recorder: EdgeRecorder, n: number, now: number) {
  const flow = recorder.open(IpProtocol.TCP, CLIENT + (n >>> 15), VIP, 1_024 + (n & 0x7fff), 8080, now)
  recorder.establish(flow)
  return flow
}

function edge(): () => number {
  const recorder = new EdgeRecorder(forwarder().hopTable(over(1, 2, 3, 4)))
  let now = 0
  return () => {
    now += 10
    for (let i = 0; i < BATCH; i++) recorder.end(open(recorder, i, now), EdgeEnd.CLOSED, now + 1)
    recorder.takeRows(BATCH)
    return BATCH
  }
}

function rows(n: number): { readonly edges: EdgeRow[]; readonly sessions: SessionRow[] } {
  const recorder = new EdgeRecorder(forwarder().hopTable(over(1, 2, 3, 4)))
  for (let i = 0; i < n; i++) recorder.end(open(recorder, i, 1_000.25), EdgeEnd.CLOSED, 1_010.5)
  const edges = recorder.takeRows(n)
  const sessions = edges.map(
    ([, protocol, client, port, vip, vipPort, at]): SessionRow => [
      ...([1, protocol, client, port, vip, vipPort, at, at + 9] as const),
      ...([5_000, 0x7f140301, 8080, ''] as const),
    ],
  )
  return { edges, sessions }
}

function collect(): () => number {
  const packr = new Packr({ useRecords: false })
  const unpackr = new Unpackr({ useRecords: false })
  const store = new FlowStore({ kept: KEPT })
  const { edges, sessions } = rows(BATCH)
  let source = 0
  return () => {
    const name = `uplink/${source++ % 100}`
    for (const row of unpackr.unpack(packr.pack(edges)) as EdgeRow[]) store.takeEdgeRow(name, 0, row)
    for (const row of unpackr.unpack(packr.pack(sessions)) as SessionRow[]) store.takeSessionRow(1, 0, row)
    return BATCH
  }
}

function change(): () => number {
  const node = forwarder()
  const tables = [over(1, 2, 3), over(1, 2, 3, 4)].map((fib) => node.hopTable(fib))
  const recorder = new EdgeRecorder(tables[1]!)
  for (let i = 0; i < LIVE; i++) open(recorder, i, 0)
  let changes = 0
  return () => {
    recorder.changeRoutes(tables[changes++ % 2]!, 0, changes)
    while (recorder.work(LIVE));
    recorder.takeRows(LIVE)
    return LIVE
  }
}

function stored(): FlowStore {
  const packr = new Packr({ useRecords: false })
  const store = new FlowStore({ kept: KEPT })
  for (let i = 0; i < KEPT / BATCH; i++) {
    const { edges, sessions } = rows(BATCH)
    for (const row of packr.unpack(packr.pack(edges)) as EdgeRow[]) store.takeEdgeRow(`uplink/${i}`, 0, row)
    for (const row of packr.unpack(packr.pack(sessions)) as SessionRow[]) store.takeSessionRow(1, 0, row)
  }
  return store
}
