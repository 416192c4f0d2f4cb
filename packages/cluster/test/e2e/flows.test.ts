import type { FlowList, FlowView } from '@fivetuple/cluster'
import t from 'tap'
import { RawClient } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const FLOWS = 120

/** Opens connections and waits until each has had a response. */
async function openFlows(listen: string, count: number): Promise<RawClient[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => RawClient.open(listen)))
  for (const client of clients) client.socket.write(REQUEST)
  await until(() => clients.every(({ text }) => text.includes('"backend"')), 'all have a response')
  return clients
}

const sourceOf = ({ socket }: RawClient): string => `${socket.localAddress}:${socket.localPort}`
const total = ({ outcomes }: Pick<FlowList, 'outcomes'>): number =>
  Object.values(outcomes).reduce((sum, count) => sum + count, 0)

/** Waits until no flow is open; returns all flows by the address of their client. */
async function untilAllEnded(cluster: TestCluster): Promise<{ list: FlowList; flows: Map<string, FlowView> }> {
  let list: FlowList | undefined
  await until(async () => {
    list = await cluster.api.flows({ limit: 10_000 })
    return list.outcomes.open === 0
  }, 'all flows have ended')
  return { list: list!, flows: new Map(list!.flows.map((flow) => [flow.client, flow])) }
}

t.test('an LB is killed: the outcomes of its flows and of those that are rehashed are as predicted', async (t) => {
  const cluster = await TestCluster.start(t, 'auto')
  const clients = await openFlows(cluster.vip('web').listen, FLOWS)
  const sources = new Map(clients.map((client) => [sourceOf(client), client]))
  const live = await cluster.api.flows({ limit: 10_000 })
  t.match(live, { recorded: FLOWS, matching: FLOWS, lost: 0, outcomes: { open: FLOWS } })
  for (const flow of live.flows) {
    const { snat, lb, bytesToClient, nextHops, backend } = flow
    t.ok(sources.has(flow.client), flow.client)
    t.equal(cluster.lbOf(snat!.split(':')[0]!), lb)
    t.ok(bytesToClient > 0 && backend !== null && nextHops.length === 1)
  }
  const { selections } = await cluster.api.predict({ kill: ['lb-2'] })
  const prediction = selections[0]?.vips.find(({ vip }) => vip === 'web')
  await cluster.api.role.kill({ role: 'lb-2', keepStopped: true })
  await until(
    async () => !(await cluster.api.status()).vips.find(({ name }) => name === 'web')!.routedTo.includes('lb-2'),
    'the route over lb-2 is gone',
  )
  let ended = 0
  for (const client of clients) {
    void client.closed.then(() => ended++)
    client.received = Buffer.alloc(0)
    if (!client.socket.destroyed) client.socket.write(REQUEST)
  }
  await until(
    () => clients.filter(({ text }) => text.includes('"backend"')).length + ended === FLOWS,
    'each is served or ended',
  )
  const survivors = clients.filter(({ socket }) => !socket.destroyed)
  for (const { socket } of survivors) socket.end()
  const { list, flows } = await untilAllEnded(cluster)
  t.equal(total(list), FLOWS, 'the sum of the outcomes')
  t.match(list.outcomes, {
    'lost-with-its-lb': prediction!.directLoss,
    'broken-by-rehash': prediction!.collateral,
    completed: prediction!.unaffected,
  })
  for (const [source, client] of sources) {
    const { outcome } = flows.get(source)!
    t.equal(survivors.includes(client), outcome === 'completed', `${source} ${outcome}`)
  }
  for (const flow of flows.values()) {
    if (flow.outcome === 'lost-with-its-lb') t.equal(flow.lb, 'lb-2')
    if (flow.outcome === 'broken-by-rehash') t.not(flow.lb, 'lb-2')
    t.equal(flow.nextHops.length > 1, flow.outcome !== 'completed')
  }
  const { outcomes, vips } = await cluster.api.status()
  t.equal(outcomes['lb-2']!['lost-with-its-lb'], prediction!.directLoss, 'status, per LB')
  t.match(vips.find(({ name }) => name === 'web')!.outcomes, list.outcomes, 'status, per VIP')
  t.match(
    (await cluster.cli('flows', '--outcome', 'lost-with-its-lb', '--limit', '3')).stdout,
    /lost-with-its-lb +\d+\n/,
  )
  const { stdout } = await cluster.cli('flows', '--lb', 'lb-2', '--csv', '--limit', '1000')
  t.match(stdout, /^number,protocol,client,/)
  t.match(await cluster.cli('flows', '--outcome', 'dead'), { code: 2, stderr: /there is no outcome 'dead'/ })
})
