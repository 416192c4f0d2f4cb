import { type ProbeReport, runProbe } from '@fivetuple/client'
import { resultOf } from '@fivetuple/cluster'
import t, { type Test } from 'tap'
import { RawClient } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** Requests on new connections, until told to stop. */
function load(t: Test, url: string): { stop: () => Promise<ProbeReport> } {
  const stop = new AbortController()
  t.teardown(() => stop.abort())
  const report = runProbe({
    url: new URL(url),
    connections: 'new',
    ratePerSecond: 120,
    durationMs: 120_000,
    timeoutMs: 10_000,
    signal: stop.signal,
  })
  return {
    stop() {
      stop.abort()
      return report
    },
  }
}

t.test('an LB is drained and put back under load: not one request fails, not one flow moves', async (t) => {
  const cluster = await TestCluster.start(t, '127.102.0.0/16', ['--lbs', '3'])
  const { listen } = cluster.vip('web')
  const lasting = await Promise.all(Array.from({ length: 30 }, () => RawClient.open(listen)))
  t.teardown(() => {
    for (const client of lasting) client.socket.destroy()
  })
  const ask = async () => {
    for (const client of lasting) {
      client.received = Buffer.alloc(0)
      client.socket.write(REQUEST)
    }
    await until(() => lasting.every((client) => client.text.endsWith('}\n')), 'all connections have a response')
    return lasting.map((client) => cluster.lbOf(/"address":"([^"]+)"/.exec(client.text)![1]!))
  }
  const before = await ask()
  const onLb2 = lasting.filter((_, i) => before[i] === 'lb-2')
  t.ok(onLb2.length > 0, `${onLb2.length} of 30 lasting connections are on lb-2`)
  const { stop } = load(t, cluster.url('web'))
  const lb2 = async () => (await cluster.api.status()).lbs['lb-2']!
  const newFlows = async () => (await lb2()).services.find(({ name }) => name === 'web')!.newFlows
  await until(async () => (await newFlows()) > 50, 'lb-2 has its share')

  const early = await cluster.cli('lb', 'drain', 'lb-2', '--deadline', '1s')
  t.equal(early.code, 1, 'the lasting connections hold it')
  t.match(early.stderr, /lb-2 still has \d+ sessions, and stays drained/)
  t.match(early.stdout, /\d\.\d s {2}lb-2 has \d+ sessions/)
  const atDrain = await newFlows()
  t.same(await ask(), before, 'they work, and are where they were')
  const { switches } = await cluster.api.status()
  t.ok(switches.uplink!.diverted.total > 0, `${switches.uplink!.diverted.total} flows were diverted`)
  t.match((await cluster.cli('status')).stdout, /lb-2 \(drains\)/)

  for (const client of onLb2) client.socket.end()
  const drained = await cluster.cli('lb', 'drain', 'lb-2', '--deadline', '30s')
  t.equal(drained.code, 0, drained.stderr)
  t.match(drained.stdout, /lb-2 is empty/)
  t.equal(await newFlows(), atDrain, 'no flow began on it')

  t.equal((await cluster.cli('lb', 'undrain', 'lb-2')).code, 0)
  await until(async () => (await newFlows()) > atDrain + 20, 'flows begin on it again')
  const report = await stop()
  t.same(report.errors, {}, `${report.completed} requests, none failed`)
  t.equal(report.flows.translationChanges, 0)
})

t.test('a backend is drained and put back under load: not one request fails', async (t) => {
  const cluster = await TestCluster.start(t, '127.103.0.0/16', ['--lbs', '2', '--backends', '3'])
  const { stop } = load(t, cluster.url('web'))
  const flows = async () => {
    const { lbs } = await cluster.api.status()
    const all = Object.values(lbs).flatMap(({ services }) => services.flatMap(({ backends }) => backends))
    return all.filter(({ name }) => name === 'backend-2').reduce((sum, { newFlows }) => sum + newFlows, 0)
  }
  await until(async () => (await flows()) > 30, 'it has its share')
  const drained = await cluster.cli('backend', 'drain', 'backend-2', '--json')
  t.equal(drained.code, 0, drained.stderr)
  t.match(JSON.parse(drained.stdout.trim().split('\n').at(-1)!), { backend: 'backend-2', draining: true, sessions: 0 })
  const atDrain = await flows()
  t.match(await cluster.api.backend.drainStatus({ backend: 'backend-2' }), {
    draining: true,
    sessionsPerLb: { 'lb-1': 0, 'lb-2': 0 },
  })
  const seen = (await cluster.api.status()).lbs['lb-1']!.services[0]!.newFlows
  await until(
    async () => (await cluster.api.status()).lbs['lb-1']!.services[0]!.newFlows > seen + 40,
    'new flows go elsewhere',
  )
  t.equal(await flows(), atDrain)
  t.equal((await cluster.cli('backend', 'undrain', 'backend-2')).code, 0)
  await until(async () => (await flows()) > atDrain + 10, 'flows go there again')
  const report = await stop()
  t.same(report.errors, {}, `${report.completed} requests, none failed`)
})

t.test('changes by operators outlive the process of the LB that got them', async (t) => {
  const cluster = await TestCluster.start(t, '127.103.0.0/16', ['--lbs', '2', '--backends', '3'])
  await resultOf(cluster.api.backend.drain({ backend: 'backend-2' }))
  await resultOf(cluster.api.lb.drain({ lb: 'lb-2' }))
  await cluster.api.vip.set({ vip: 'web', policy: 'maglev' })
  process.kill(cluster.ready.lbs[1]!.pid, 'SIGKILL')
  await until(async () => {
    const { roles, lbs } = await cluster.api.status()
    return roles.find(({ name }) => name === 'lb-2')?.restarts === 1 && lbs['lb-2'] !== undefined
  }, 'lb-2 is back')
  const { draining, services } = (await cluster.api.status()).lbs['lb-2']!
  t.equal(draining, true)
  t.match(services, [{ name: 'web', policy: 'maglev', backends: [{}, { name: 'backend-2', isDrained: true }, {}] }, {}])
})

t.test('an LB that is down is drained, or no longer, when it is back', async (t) => {
  const cluster = await TestCluster.start(t, '127.103.0.0/16', ['--lbs', '2', '--backends', '1'])
  const { api } = cluster
  for (const draining of [true, false]) {
    await api.role.kill({ role: 'lb-2', keepStopped: true })
    t.match(await (draining ? resultOf(api.lb.drain({ lb: 'lb-2' })) : api.lb.undrain({ lb: 'lb-2' })), {
      lb: 'lb-2',
      draining,
      sessions: 0,
    })
    await api.role.start({ role: 'lb-2' })
    t.match(await api.lb.drainStatus({ lb: 'lb-2' }), { draining })
  }
  for (const lb of ['lb-1', 'lb-2']) await api.role.kill({ role: lb, keepStopped: true })
  for (const draining of [true, false])
    t.match(
      await (draining
        ? resultOf(api.backend.drain({ backend: 'backend-1' }))
        : api.backend.undrain({ backend: 'backend-1' })),
      { draining, sessions: 0 },
      'so it is with a backend of such LBs',
    )
})
