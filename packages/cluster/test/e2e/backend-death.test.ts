import { type FlowRecord, type ProbeReport, runProbe } from '@fivetuple/client'
import t, { type Test } from 'tap'
import { OwnServer } from './servers.js'
import { TestCluster, until } from './test-cluster.js'

const BLOCK = '127.95.0.0/16'

t.test('one of four backends is killed under load: what fails was on it, and is explained flow by flow', async (t) => {
  const servers = await OwnServer.start(t, BLOCK, 4)
  const cluster = await TestCluster.start(
    t,
    BLOCK,
    [],
    `backends: [${servers.map(({ yaml }) => yaml).join(', ')}]
vips: [{ name: web, health: { check: http, interval: 500ms, fall: 2, rise: 2 } }]
`,
  )
  const victim = servers[1]!
  const stop = new AbortController()
  const load = (connections: number | 'new', ratePerSecond: number): Promise<ProbeReport> =>
    runProbe({
      url: new URL(cluster.url('web')),
      connections,
      ratePerSecond,
      durationMs: 60_000,
      timeoutMs: 5_000,
      signal: stop.signal,
    })
  const startedAt = performance.now()
  const backendOf = watchSessions(t, cluster, servers, startedAt)
  const [fresh, lasting] = [load('new', 150), load(40, 200)]
  const backends = async () => {
    const { lbs } = await cluster.api.status()
    return Object.values(lbs).map(({ services }) => services[0]!.backends.find(({ name }) => name === victim.name)!)
  }
  await until(async () => (await backends()).every(({ newFlows }) => newFlows > 5), 'all LBs use it')
  await victim.kill()
  await until(async () => (await backends()).every(({ isHealthy }) => !isHealthy), 'all LBs have noticed')
  const atDetection = await backends()
  const others = async () => {
    const { lbs } = await cluster.api.status()
    return Object.values(lbs).reduce((sum, { services }) => sum + services[0]!.newFlows, 0)
  }
  const seen = await others()
  await until(async () => (await others()) > seen + 100, 'a hundred more flows')
  t.same(
    (await backends()).map(({ newFlows }) => newFlows),
    atDetection.map(({ newFlows }) => newFlows),
    'after detection no new flow goes there',
  )
  const { lbs } = await cluster.api.status()
  const retries = Object.values(lbs).reduce((sum, { connectRetries }) => sum + connectRetries, 0)
  t.ok(retries > 0, `${retries} new flows were given to another backend before the client noticed`)

  await victim.start()
  await until(async () => (await backends()).every(({ isHealthy }) => isHealthy), 'it is healthy again')
  const back = (await backends()).map(({ newFlows }) => newFlows)
  await until(
    async () => (await backends()).every(({ newFlows }, i) => newFlows > back[i]!),
    'new flows go there again',
  )

  const stoppedAt = performance.now() - startedAt
  await backendOf.stop()
  stop.abort()
  for (const report of await Promise.all([fresh, lasting])) {
    const failed = Object.values(report.errors).reduce((a, b) => a + b, 0)
    const broken = report.flowList.filter(({ end }) => end !== undefined && !isInOrder(end))
    // If a flow broke before its first response, only the sessions of the LBs show its backend.
    const onWhat = (flow: FlowRecord) => flow.backend ?? backendOf.name(flow)
    const isOurs = ({ openedMs }: FlowRecord) => openedMs > stoppedAt - 1_000
    const unexplained = broken
      .filter((flow) => onWhat(flow) !== victim.name && !isOurs(flow))
      .map((flow) => ({ ...flow, backend: onWhat(flow) }))
    t.same(
      unexplained,
      [],
      `${report.connections}: ${failed} failed requests, ${broken.length} broken flows, all on it`,
    )
    t.equal(report.errors.ECONNREFUSED ?? 0, 0, 'no client was ever refused')
    t.equal(report.flows.translationChanges, 0)
  }
})

/**
 * Records the backend of every session of the VIP until it is stopped. Clients use their ports again,
 * so a session is identified by its start, too.
 */
function watchSessions(t: Test, cluster: TestCluster, own: readonly OwnServer[], startedAt: number) {
  const sightings = new Map<string, { readonly openedMs: number; readonly backend: string }[]>()
  const servers = new Map(own.map(({ name, address, port }) => [`${address}:${port}`, name]))
  let stopping = false
  const done = (async () => {
    // An LB keeps a session for two seconds after its end: none is missed.
    while (!stopping) {
      const lists = await cluster.api.sessions({ lb: 'all', vip: 'web', limit: 10_000 })
      const nowMs = performance.now() - startedAt
      for (const { sessions } of lists)
        for (const { client, backend, state, ageMs } of sessions) {
          if (state === 'syn-seen') continue // it may be given to another one yet
          const seen = sightings.get(client) ?? []
          seen.push({ openedMs: nowMs - ageMs, backend: servers.get(backend)! })
          sightings.set(client, seen)
        }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })()
  t.teardown(() => {
    stopping = true
    return done
  })
  return {
    name({ local, openedMs }: FlowRecord): string | undefined {
      const distance = (seen: { readonly openedMs: number }): number => Math.abs(seen.openedMs - openedMs)
      return sightings.get(local)?.reduce((a, b) => (distance(b) < distance(a) ? b : a)).backend
    },
    stop() {
      stopping = true
      return done
    },
  }
}

/** Ends that are nobody's failure: ours, or of a connection that was done. */
function isInOrder(end: NonNullable<FlowRecord['end']>): boolean {
  return end === 'closed' || end === 'ABORTED'
}
