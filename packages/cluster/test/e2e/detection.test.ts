// Detection of silent failures by BFD. The hold time is 90 s, and waits end after 30 s: what is found by then BFD has
// found. `pnpm bench detection` measures the times.
import type { ClusterEvent } from '@fivetuple/cluster'
import t from 'tap'
import { TestCluster, until } from './test-cluster.js'

const SMALL = ['--lbs', '2', '--backends', '1']

async function routedTo({ api }: TestCluster, vip: string): Promise<readonly string[]> {
  return (await api.status()).vips.find(({ name }) => name === vip)?.routedTo ?? []
}

type Status = Awaited<ReturnType<TestCluster['api']['status']>>

/** The session of a switch with an LB. */
function sessionOf({ switches }: Status, node: 'uplink' | 'downlink', lb: string) {
  return switches[node]!.bfd.sessions.find(({ neighbor }) => neighbor === lb)!
}

function bgpOf({ switches }: Status, node: 'uplink' | 'downlink', lb: string) {
  return switches[node]!.sessions.find(({ neighbor }) => neighbor === lb)!
}

function areAllUp({ switches, lbs }: Status): boolean {
  const nodes = [...Object.values(switches), ...Object.values(lbs)]
  return nodes.every(({ bfd }) => bfd.sessions.length === 2 && bfd.sessions.every(({ state }) => state === 'up'))
}

t.test('BFD finds a paused LB long before the hold time, and an orderly stop is no failure', async (t) => {
  const cluster = await TestCluster.start(t, '127.161.0.0/16', SMALL, 'bgp: { holdTime: 90s }\n')
  const { api } = cluster
  await until(async () => areAllUp(await api.status()), 'all sessions are Up')
  await until(
    async () => sessionOf(await api.status(), 'uplink', 'lb-1').detectionTimeMs === 900,
    'the intervals are negotiated',
  )
  t.match(sessionOf(await api.status(), 'uplink', 'lb-1'), {
    remoteState: 'up',
    path: 'working',
    transmitIntervalMs: 300,
    authentication: 'meticulous-keyed-sha1',
    downs: 0,
  })

  t.match(await api.role.pause({ role: 'lb-2' }), { watch: [{ expect: /BFD detects it after 900 ms/ }, {}] })
  await until(async () => (await routedTo(cluster, 'web')).join() === 'lb-1', 'its next hop is removed')
  const failed = await api.status()
  t.match(sessionOf(failed, 'uplink', 'lb-2'), {
    state: 'down',
    path: 'failed',
    diagnostic: 'control detection time expired',
    downs: 1,
    lastDown: { reason: 'no packet for 900 ms' },
  })
  t.match(bgpOf(failed, 'uplink', 'lb-2').lastError, { text: 'Cease, BFD down (6/10): no packet for 900 ms' })
  t.equal(failed.switches.uplink!.ports[1]!.up, true, 'its cable has carrier')
  const { events } = cluster
  await until(() => events.some(({ kind }) => kind === 'route.changed'), 'the event has arrived')
  const removed = events.findLast((event) => event.kind === 'route.changed' && event.node === 'uplink')!
  const chain: unknown[] = []
  for (let event: ClusterEvent | undefined = removed; event !== undefined; ) {
    chain.push('detector' in event ? `${event.kind} ${event.detector}` : event.kind)
    const cause: number | undefined = event.cause
    event = events.find(({ seq }) => seq === cause)
  }
  t.same(chain.slice(0, 4), ['route.changed', 'bgp.down bfd', 'bfd.down', 'fault.injected'])
  const { stdout } = await cluster.cli('neighbors')
  t.match(stdout, /BFD +STATE +REMOTE +PATH .*lb-2 +down +\w+ +failed/s)

  await api.role.resume({ role: 'lb-2' })
  await until(async () => (await routedTo(cluster, 'web')).length === 2, 'its next hop is back')
  await until(async () => areAllUp(await api.status()), 'all sessions are Up again')

  const downs = async () => sessionOf(await api.status(), 'uplink', 'lb-1').downs
  const before = await downs()
  await api.role.restart({ role: 'lb-1' })
  await until(async () => areAllUp(await api.status()), 'all sessions are Up after a restart')
  t.equal(await downs(), before, 'AdminDown and lost carrier are no failures')
})

t.test('without BFD nothing but the hold time finds a paused LB', async (t) => {
  const cluster = await TestCluster.start(t, '127.162.0.0/16', SMALL, 'bfd: off\nbgp: { holdTime: 3s }\n')
  const { api } = cluster
  t.same((await api.status()).switches.uplink!.bfd.sessions, [])
  await api.role.pause({ role: 'lb-2' })
  await until(async () => (await routedTo(cluster, 'web')).join() === 'lb-1', 'its next hop is removed')
  t.match(bgpOf(await api.status(), 'uplink', 'lb-2').lastError, { text: /^hold timer expired/ })
})

for (const [i, direction] of (['--in', '--out'] as const).entries())
  t.test(`a black hole in one direction of one link (${direction}) is found by BFD, and by nothing else`, async (t) => {
    const cluster = await TestCluster.start(t, `127.${163 + i}.0.0/16`, SMALL, 'bgp: { holdTime: 90s }\n')
    const { api } = cluster
    await until(async () => areAllUp(await api.status()), 'all sessions are Up')
    t.match(await cluster.cli('link', 'impair', 'lb-2', 'uplink', direction, '--black-hole'), { code: 0 })
    await until(async () => (await routedTo(cluster, 'web')).join() === 'lb-1', 'its next hop is removed')
    const status = await api.status()
    t.match(sessionOf(status, 'uplink', 'lb-2'), { path: 'failed', downs: 1 })
    t.match(bgpOf(status, 'uplink', 'lb-2').lastError, { text: /^Cease, BFD down/ })
    t.match(status.switches.uplink!.ports[1], { up: true }, 'the link has carrier')
    t.match(sessionOf(status, 'downlink', 'lb-2'), { path: 'working' }, 'its other link is not affected')
    t.match(sessionOf(status, 'uplink', 'lb-1'), { path: 'working' })
    t.match(await cluster.cli('faults', 'clear'), { code: 0 })
    await until(async () => (await routedTo(cluster, 'web')).length === 2, 'its next hop is back')
  })
