import type { ClusterEvent } from '@fivetuple/cluster'
import t, { type Test } from 'tap'
import { RawClient } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

const FLOWS = 60

/** Opens connections that each have had a response. */
async function openFlows(cluster: TestCluster): Promise<RawClient[]> {
  const { listen } = cluster.vip('web')
  const clients = await Promise.all(Array.from({ length: FLOWS }, () => RawClient.open(listen)))
  await use(clients)
  return clients
}

/** Sends a request on each connection, and waits until all have a response or have ended. Returns those that ended. */
async function use(clients: readonly RawClient[]): Promise<RawClient[]> {
  const ended = new Set<RawClient>()
  for (const client of clients) {
    void client.closed.then(() => ended.add(client))
    client.received = Buffer.alloc(0)
    if (!client.socket.destroyed) client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  }
  await until(
    () => clients.every((client) => client.text.includes('"backend"') || client.socket.destroyed || ended.has(client)),
    'every flow is either served or ended',
  )
  return clients.filter((client) => client.socket.destroyed || ended.has(client))
}

/** Events from the root cause to an event. */
function chainOf(cluster: TestCluster, event: ClusterEvent): ClusterEvent[] {
  const { cause } = event
  const before = cause === undefined ? undefined : cluster.events.find(({ seq }) => seq === cause)
  return before === undefined ? [event] : [...chainOf(cluster, before), event]
}

const kinds = (chain: readonly ClusterEvent[]): string[] => chain.map(({ kind, node }) => `${kind} ${node}`)

/** Waits for an event whose chain of causes begins with a certain operation. */
async function untilCaused(
  cluster: TestCluster,
  operation: string,
  isWanted: (event: ClusterEvent) => boolean,
): Promise<ClusterEvent[]> {
  let found: ClusterEvent[] | undefined
  await until(() => {
    found = cluster.events
      .filter(isWanted)
      .map((event) => chainOf(cluster, event))
      .find(([root]) => root?.kind === 'operation' && root.operation === operation)
    return found !== undefined
  }, `an effect of ${operation}`)
  return found!
}

/** Sum of the flows that broke, over all events of it that an operation has led to. */
function broken(cluster: TestCluster, operation: string): number {
  return cluster.events.reduce((sum, event) => {
    if (event.kind !== 'flows.reset') return sum
    const [root] = chainOf(cluster, event)
    return root?.kind === 'operation' && root.operation === operation ? sum + event.flows : sum
  }, 0)
}

async function start(t: Test): Promise<TestCluster> {
  return TestCluster.start(t, '127.37.0.0/16', ['--lbs', '3', '--backends', '2'])
}

t.test('a kill can be followed by its causes to the number of flows that it broke', async (t) => {
  const cluster = await start(t)
  const clients = await openFlows(cluster)
  t.match(await cluster.cli('kill', 'lb-2', '--keep-stopped'), { code: 0 })
  const isGone = (event: ClusterEvent): boolean =>
    event.kind === 'route.changed' && event.node === 'uplink' && !event.after.includes('lb-2')
  const route = await untilCaused(cluster, 'role.kill', isGone)
  t.match(route[0], { author: 'cli', parameters: { role: 'lb-2' }, node: 'launcher' })
  t.match(kinds(route).slice(0, 3), ['operation launcher', 'fault.injected lb-2', 'role.exited lb-2'])
  // The kernel decides which end is read first: that of the cable or that of the BGP connection.
  t.match(kinds(route).slice(-2), ['bgp.down uplink', 'route.changed uplink'])
  t.match(route.at(-1), { vips: ['web'], before: ['lb-1', 'lb-2', 'lb-3'], after: ['lb-1', 'lb-3'] })

  const ended = await use(clients)
  t.ok(ended.length > 0, `${ended.length} of ${FLOWS} flows broke`)
  await until(() => broken(cluster, 'role.kill') >= ended.length, 'the number of flows that broke')
  t.equal(broken(cluster, 'role.kill'), ended.length, 'as many as clients have lost')
  const flows = await untilCaused(cluster, 'role.kill', ({ kind }) => kind === 'flows.reset')
  t.match(kinds(flows).slice(-3), ['route.changed uplink', 'flows.rehashed uplink', 'flows.reset uplink'])
  t.match(
    await untilCaused(cluster, 'role.kill', ({ kind }) => kind === 'flows.unknown'),
    { length: flows.length },
    'the LBs that got them report the same, with the same cause',
  )

  for (const [i, { seq, cause = 0, mono }] of cluster.events.entries()) {
    t.equal(seq, i + 1)
    t.ok(cause < seq && mono >= 0)
  }
  const { stdout } = await cluster.cli('events', '--cause', String(route[0]?.seq))
  const lines = stdout.trim().split('\n')
  t.match(lines[0], /^\d+ {2}\d\d:\d\d:\d\d\.\d{3} {2}launcher {3}role\.kill by cli: /)
  t.match(stdout, /^ +\d+ {2}\S+ {2}uplink +web is routed to lb-1 lb-3$/m)
  t.match(stdout, /^ +\d+ {2}\S+ {2}uplink +\d+ flows? broken: /m)
  const asJson = await cluster.cli('events', '--cause', String(route[0]?.seq), '--json', '--kind', 'flows')
  t.ok(
    asJson.stdout
      .trim()
      .split('\n')
      .every((line) => /^flows\./.test(JSON.parse(line).kind)),
  )
})

t.test('so can a link that goes down, and a drain', async (t) => {
  const cluster = await start(t)
  const clients = await openFlows(cluster)
  await cluster.api.link.down({ lb: 'lb-1', side: 'uplink' })
  const ended = await use(clients)
  t.ok(ended.length > 0, `${ended.length} of ${FLOWS} flows broke`)
  await until(() => broken(cluster, 'link.down') >= ended.length, 'the number of flows that broke')
  t.equal(broken(cluster, 'link.down'), ended.length)
  const flows = await untilCaused(cluster, 'link.down', ({ kind }) => kind === 'flows.reset')
  t.match(kinds(flows), [
    'operation launcher',
    'fault.injected lb-1',
    'link.down uplink',
    'bgp.down uplink',
    'route.changed uplink',
    'flows.rehashed uplink',
    'flows.reset uplink',
  ])
  t.match(flows[0], { author: 'api' })
  t.match(flows[3], { neighbor: 'lb-1', detector: 'carrier' })
  await cluster.api.link.up({ lb: 'lb-1', side: 'uplink' })
  const back = await untilCaused(
    cluster,
    'link.up',
    (event) => event.kind === 'route.changed' && event.node === 'uplink' && event.after.includes('lb-1'),
  )
  const withoutBfd = kinds(back).filter((kind) => kind !== 'bfd.up uplink') // it may come before BGP, or after
  t.match(withoutBfd.slice(-3), ['link.up uplink', 'bgp.up uplink', 'route.changed uplink'])

  const fresh = await openFlows(cluster)
  await cluster.api.lb.drain({ lb: 'lb-3' }).next()
  const drained = await untilCaused(cluster, 'lb.drain', ({ kind }) => kind === 'route.drained')
  t.match(kinds(drained), ['operation launcher', 'drain.started lb-3', 'route.drained uplink'])
  t.match(drained[2], { draining: ['lb-3'] })
  t.same(await use(fresh), [], 'a drain breaks no flow')
  t.equal(broken(cluster, 'lb.drain'), 0)
  for (const client of [...clients, ...fresh]) client.socket.destroy()
  const finished = await untilCaused(cluster, 'lb.drain', ({ kind }) => kind === 'drain.finished')
  t.match(kinds(finished), ['operation launcher', 'drain.started lb-3', 'drain.finished lb-3'])
})

t.test('a stream of events ends with the cluster, behind its last event', async (t) => {
  const cluster = await start(t)
  const seen: string[] = []
  const following = (async () => {
    for await (const { kind } of cluster.api.events({ follow: true, kind: ['stopping', 'stopped', 'role.exited'] }))
      seen.push(kind)
  })()
  await cluster.api.events({ since: '0' }).next() // so that the other request has come before
  cluster.launcher.kill('SIGTERM')
  await following
  t.match(seen, ['stopping', 'stopped'])
})
