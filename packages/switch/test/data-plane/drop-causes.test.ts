import { readFileSync } from 'node:fs'
import { type Fabric, TcpEdge, UdpClientEdge, UdpServerEdge } from '@fivetuple/edge'
import { NO_ROUTE, PacketBatch } from '@fivetuple/packet'
import { tcpOptions } from '@fivetuple/tcp'
import t from 'tap'
import { EDGE_DROPS, edgeDrops, FORWARDER_DROPS } from '../../dist/data-plane/drop-causes.js'

const DOCS = new URL('../../../../docs/operating.md', import.meta.url)

const edgeCauses = Object.values(EDGE_DROPS).flatMap((drop) => (drop === null ? [] : [drop]))

t.test('every counter of an edge has a drop cause or counts no loss', async (t) => {
  const fabric: Fabric = {
    routeAndCount: () => NO_ROUTE,
    outputOf: () => Object.assign(new PacketBatch(), { blocked: false }),
  }
  const tcp = new TcpEdge({ fabric, tcp: tcpOptions(), maxFlows: 1, nextIss: () => 1 }, 0)
  const client = new UdpClientEdge({ fabric, services: [], onListenFailures: () => {} })
  const server = new UdpServerEdge({ fabric, prefixes: [], idleMs: 1, maxFlows: 1 })
  const names = [
    ...Object.keys(tcp.counters),
    ...[client, server].flatMap(({ counters }) =>
      Object.keys(counters).map((name) => `udp${name[0]!.toUpperCase()}${name.slice(1)}`),
    ),
  ]
  t.same([...new Set(names)].sort(), Object.keys(EDGE_DROPS).sort())
})

t.test('no two counters share a cause, and each is passed on', async (t) => {
  const counters = Object.fromEntries(Object.keys(EDGE_DROPS).map((name, i) => [name, i + 1]))
  const drops = edgeDrops(counters)
  t.equal(Object.keys(drops).length, edgeCauses.length)
  t.equal(new Set(Object.values(drops)).size, edgeCauses.length)
  t.equal(drops['edge-udp-evicted'], counters.udpEvicted)
})

t.test('the manual has a row for each cause, with its meaning', async (t) => {
  const manual = readFileSync(DOCS, 'utf8')
  for (const [cause, meaning] of [...Object.entries(FORWARDER_DROPS), ...edgeCauses])
    t.ok(manual.includes(`| \`${cause}\` | ${meaning} |`), cause)
})
