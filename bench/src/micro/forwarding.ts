import { FLOW_HASHES, type FlowHash, IpProtocol, PacketBatch, prefixOf, TcpFlag } from '@fivetuple/packet'
import { type Cable, CablePort } from '@fivetuple/runtime'
import {
  ECMP_SELECTIONS,
  type EcmpSelection,
  Fib,
  Forwarder,
  modulo,
  type Route,
  type Selector,
} from '@fivetuple/switch'
import type { Operations, TimedBench } from './micro-bench.js'
import { NullOutput } from './null-output.js'
import { PACKET_BYTES, scatter, writePacket } from './packets.js'

const NEXT_HOPS = [1, 2, 3, 4]
const INGRESS = 5
const VIP = 0x7f140a01
const FLOWS = 4096
const SELECTIONS = Object.values(ECMP_SELECTIONS).map((make) =>
  make({ buckets: 1_024, idleTimerMs: 30_000, unbalancedTimerMs: 0 }),
)
/** Packets per run of a cable, as under load. */
const RUN_PACKETS = 64

/** ECMP decisions, and the table and the forwarder around them. */
export const forwardingBenches: readonly TimedBench[] = [
  ...Object.entries(FLOW_HASHES).flatMap(([hashName, hash]) =>
    SELECTIONS.map((selection) => ({
      name: `ecmp ${hashName} ${selection.name}, 4 next hops`,
      prepare: () => ecmp(hash, selection.build(NEXT_HOPS)),
    })),
  ),
  ...SELECTIONS.map((selection) => ({
    name: `switch decides by ${selection.name}, 4 next hops`,
    prepare: () => decide(selection),
  })),
  ...[10, 1_000, 100_000].map((routes) => ({
    name: `fib lookup, ${routes} routes`,
    prepare: () => lookup(routes),
  })),
  { name: 'switch forwards a packet, 4 next hops', prepare: forward },
  { name: 'port of a link without faults takes a packet', prepare: port },
]

function ecmp(hash: FlowHash, selector: Selector): () => number {
  const next = scatter(1)
  const addresses = Uint32Array.from({ length: FLOWS }, next)
  const ports = Uint16Array.from({ length: FLOWS }, next)
  const chosen = new Uint32Array(1)
  return () => {
    let sum = 0
    for (let i = 0; i < FLOWS; i++) sum += selector.use(hash(addresses[i]!, VIP, ports[i]!, 8080, IpProtocol.TCP, 0))
    chosen[0] = sum
    return FLOWS
  }
}

/** Look-up, hash, selection and counting, as a switch does for a packet that its edge sends. */
function decide(selection: EcmpSelection): () => number {
  const forwarder = forwarderOf(selection)
  const next = scatter(5)
  const addresses = Uint32Array.from({ length: FLOWS }, next)
  const ports = Uint16Array.from({ length: FLOWS }, next)
  const chosen = new Uint32Array(1)
  return () => {
    let sum = 0
    for (let i = 0; i < FLOWS; i++)
      sum += forwarder.routeAndCount(addresses[i]!, VIP, ports[i]!, 8080, IpProtocol.TCP, PACKET_BYTES, false)
    chosen[0] = sum
    return FLOWS
  }
}

function lookup(count: number): () => number {
  const next = scatter(2)
  const routes: Route[] = Array.from({ length: count }, (_, i) => ({
    // Mostly host routes, as in the fabric. The others are prefixes that may lie behind them.
    prefix: prefixOf(next(), i % 10 === 0 ? 24 : 32),
    nextHops: NEXT_HOPS,
    cost: 0,
  }))
  const fib = Fib.empty(modulo).with(routes)
  const addresses = Uint32Array.from({ length: FLOWS }, () => routes[next() % count]!.prefix.address)
  const found = new Uint32Array(1)
  return () => {
    let sum = 0
    for (let i = 0; i < FLOWS; i++) if (fib.lookup(addresses[i]!) !== undefined) sum++
    found[0] = sum
    return FLOWS
  }
}

function forwarderOf(selection: EcmpSelection): Forwarder {
  const fib = Fib.empty(selection).with([{ prefix: prefixOf(VIP, 32), nextHops: NEXT_HOPS, cost: 0 }])
  const ports = [...NEXT_HOPS, INGRESS].map((id) => ({ id, isUp: true, output: new NullOutput() }))
  return new Forwarder({ address: 0x7f140001, hash: FLOW_HASHES.murmur3, seed: 0, fib, edge: () => {} }, ports)
}

function forward(): Operations {
  const forwarder = forwarderOf(modulo)
  const next = scatter(3)
  const fresh = new Uint8Array(RUN_PACKETS * PACKET_BYTES)
  for (let i = 0; i < RUN_PACKETS; i++)
    writePacket(fresh, i * PACKET_BYTES, next(), next() & 0xffff, VIP, 8080, TcpFlag.ACK)
  const run = new Uint8Array(fresh.length)
  return {
    refresh: () => run.set(fresh), // otherwise the TTL expires
    run: () => {
      forwarder.receive(run, 0, run.length, INGRESS, 0)
      return RUN_PACKETS
    },
  }
}

/** A port with a cable, as an LB writes to it. Faults of a link stand before it. */
function port(): () => number {
  const output = Object.assign(new PacketBatch(), { idle: true, cork: () => {}, uncork: () => output.clear() })
  const port = new CablePort()
  port.plug({ output, close: () => {} } as unknown as Cable)
  const packet = new Uint8Array(PACKET_BYTES)
  return () => {
    port.cork()
    for (let i = 0; i < RUN_PACKETS && !port.blocked; i++) port.writeOwned(packet, 0, packet.length)
    port.uncork()
    return RUN_PACKETS
  }
}
