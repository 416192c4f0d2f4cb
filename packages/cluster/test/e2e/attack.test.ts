import { connect, type Socket } from 'node:net'
import { runProbe } from '@fivetuple/client'
import t from 'tap'
import { TestCluster, until } from './test-cluster.js'

const FLOOD = 1_500

t.test('a flood on one VIP: LBs without it see nothing, and its neighbours on shared LBs are served', async (t) => {
  const cluster = await TestCluster.start(
    t,
    '127.99.0.0/16',
    [],
    `lbs: 3
backends: 2
vips:
  - { name: attacked, port: 81, lbs: [lb-1, lb-2], limits: { sessions: 100, newFlowsPerSecond: 200 } }
  - { name: neighbour, port: 82, lbs: [lb-2, lb-3] }
`,
  )
  const [host, port] = cluster.vip('attacked').listen.split(':') as [string, string]
  const stop = new AbortController()
  const url = new URL(cluster.url('neighbour'))
  const probe = runProbe({
    url,
    connections: 'new',
    ratePerSecond: 50,
    durationMs: 60_000,
    timeoutMs: 10_000,
    signal: stop.signal,
  })
  const attackers: Socket[] = []
  t.teardown(() => {
    for (const socket of attackers) socket.destroy()
  })
  for (let i = 0; i < FLOOD; i++) {
    const socket = connect({ host, port: Number(port), localAddress: `127.99.101.${1 + (i % 200)}` })
    socket.on('error', () => {})
    attackers.push(socket)
    if (i % 50 === 49) await new Promise(setImmediate)
  }
  const drops = async (lb: string) => (await cluster.api.status()).lbs[lb]!.drops
  await until(async () => {
    const [one, two] = [await drops('lb-1'), await drops('lb-2')]
    return [one, two].every((d) => (d['service-flow-rate'] ?? 0) > 0 && (d['service-sessions'] ?? 0) > 0)
  }, 'both limits hold on both LBs')
  const { lbs } = await cluster.api.status()
  const attacked = (lb: string) => lbs[lb]!.services.find(({ name }) => name === 'attacked')!
  for (const lb of ['lb-1', 'lb-2']) t.ok(attacked(lb).sessions <= 100, `${lb}: ${attacked(lb).sessions} sessions`)
  t.equal(attacked('lb-3').newFlows, 0, 'an LB that does not carry the VIP sees nothing of it')
  t.same(
    Object.entries(await drops('lb-3')).filter(([, count]) => count > 0),
    [],
  )
  const neighbour = async () =>
    (await cluster.api.status()).lbs['lb-2']!.services.find(({ name }) => name === 'neighbour')!
  await until(async () => (await neighbour()).newFlows > 0, 'the neighbour has flows on an LB that is attacked')
  stop.abort()
  const report = await probe
  t.same(report.errors, {}, `${report.completed} requests to the neighbour meanwhile, none failed`)
  t.ok((report.flows.perBip['127.99.2.2'] ?? 0) > 0, 'also by the LB that is attacked')
})
