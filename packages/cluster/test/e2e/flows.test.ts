import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { FlowList, FlowView } from '@fivetuple/cluster'
import t from 'tap'
import { ClientLedger, type SeenEnd } from './client-ledger.js'
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
  const events = new Map(cluster.events.map((event) => [event.seq, event]))
  const chainOf = (seq: number | null | undefined): string[] => {
    const event = events.get(seq ?? 0)
    return event === undefined ? [] : [event.kind, ...chainOf(event.cause)]
  }
  for (const flow of flows.values()) {
    if (flow.outcome === 'completed') continue
    const chain = chainOf(flow.cause)
    t.equal(chain[0], 'route.changed', chain.join(' < '))
    t.ok(chain.includes('operation'), 'the kill that an operator has requested')
  }
  const resets = cluster.events.filter((event) => event.kind === 'flows.reset')
  t.equal(
    resets.reduce((sum, { flows }) => sum + flows, 0),
    prediction!.directLoss + prediction!.collateral,
    'flows.reset events count the same flows',
  )
  for (const { cause } of resets) t.match(chainOf(cause).slice(0, 2), ['flows.rehashed', 'route.changed'])
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

/** Outcomes that fit what a client has seen. */
const FITTING: Readonly<Record<SeenEnd, readonly FlowView['outcome'][]>> = {
  closed: ['completed', 'survived'],
  reset: ['broken-by-rehash', 'lost-with-its-lb', 'reset-by-backend', 'refused', 'timed-out', 'idle-expired'],
  // Of a connection whose LB does not have it any more, a client's RST reaches nobody.
  aborted: ['reset-by-client', 'broken-by-rehash', 'lost-with-its-lb'],
}
const UDP_FLOWS = 40
const PAUSE_MS = 2_500

for (const lineCards of [1, 2])
  t.test(
    `five faults at once, ${lineCards} process(es) per switch: the outcomes add up to the flows of clients`,
    async (t) => {
      const cluster = await TestCluster.start(
        t,
        'auto',
        [],
        `vips:
  - { name: web }
  - { name: echo, port: 5353, protocol: udp }
nat: { timeouts: { udp: 1s } }
lineCards: ${lineCards}
`,
      )
      const net = cluster.ready.block.replace(/\.0\.0\/16$/, '.100')
      const ledger = new ClientLedger(cluster.vip('web').listen, net)
      t.teardown(() => ledger.stop())
      ledger.start(100)
      const [host, port] = cluster.vip('echo').listen.split(':') as [string, string]
      const sockets = await Promise.all(
        Array.from({ length: UDP_FLOWS }, async () => {
          const socket = createSocket('udp4').bind({ address: `${net}.200`, port: 0 })
          await once(socket, 'listening')
          return socket
        }),
      )
      const datagrams = setInterval(() => {
        for (const socket of sockets) socket.send('x', Number(port), host)
      }, 100)
      t.teardown(() => {
        clearInterval(datagrams)
        for (const socket of sockets) socket.close()
      })
      await until(
        () => ledger.open.filter(({ responses }) => responses > 2).length >= 100,
        'all connections are in use',
      )
      const { api } = cluster
      // lb-1 keeps its route, so clients can always connect.
      await Promise.all([
        api.role.kill({ role: 'lb-2' }),
        api.link.down({ lb: 'lb-3', side: 'downlink' }),
        api.role.pause({ role: 'lb-4', forMs: PAUSE_MS }),
        api.role.kill({ role: 'backend-1' }),
        api.link.impair({ lb: 'lb-1', side: 'uplink', faults: [{ kind: 'loss', rate: 0.02 }], forMs: PAUSE_MS }),
        api.backend.setBehavior({ backend: 'backend-2', refuse: true }),
      ])
      const seen = ledger.entries.length
      await until(() => ledger.entries.length > seen + 100, 'connections have been replaced')
      for (const entry of ledger.open.slice(0, 10)) ledger.abort(entry)
      await api.faults.clear()
      await until(async () => {
        const { vips } = await api.status()
        return vips.find(({ name }) => name === 'web')!.routedTo.length === 4
      }, 'all LBs are back')
      const before = ledger.entries.length
      await until(
        () => ledger.open.filter(({ responses }) => responses > 2).length >= 90,
        'connections are served again',
      )
      clearInterval(datagrams)
      ledger.stop()
      await until(() => ledger.open.length === 0, 'all connections have ended')
      const { list, flows } = await untilAllEnded(cluster)
      t.comment(`${ledger.entries.length} connections, ${ledger.failed} attempts failed, ${before - seen} replaced`)
      t.comment(list.outcomes)
      t.equal(list.lost, 0)
      t.equal(list.recorded, total(list), 'none has left the list')
      t.equal(total(list), ledger.entries.length + UDP_FLOWS, 'the sum over outcomes is the number of flows')
      for (const { source, end, hasEnded, isWaiting } of ledger.entries) {
        const flow = flows.get(source)
        // An orderly end without the last response: its backend has died, and perhaps its LB as well.
        const fitting = [...FITTING[end!], ...(hasEnded || isWaiting ? FITTING.reset : [])]
        if (flow === undefined || !fitting.includes(flow.outcome)) t.fail(`${source}: ${end}, ${flow?.outcome}`)
      }
      for (const outcome of ['lost-with-its-lb', 'broken-by-rehash', 'completed', 'reset-by-client'] as const)
        t.ok(list.outcomes[outcome] > 0, `${list.outcomes[outcome]} ${outcome}`)
      for (const { outcome, nextHops } of flows.values())
        if (outcome === 'broken-by-rehash' || outcome === 'lost-with-its-lb') t.ok(nextHops.length > 1)
    },
  )
