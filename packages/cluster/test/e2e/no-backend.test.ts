import { runProbe } from '@fivetuple/client'
import { resultOf } from '@fivetuple/cluster'
import t from 'tap'
import { fetchOnce, RawClient } from './http-probe.js'
import { OwnServer } from './servers.js'
import { TestCluster, until } from './test-cluster.js'

const BLOCK = '127.54.0.0/16'

/** A backend that is killed refuses at once; one that is only slow, for want of a CPU, is not to be taken for dead. */
const REQUEST = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'
const CHECK = 'check: http, interval: 200ms, timeout: 2s, fall: 2, rise: 2'

t.test(
  'too few healthy backends: withdrawn, reset or all tried, as it is configured; and back above high',
  async (t) => {
    const cluster = await TestCluster.start(
      t,
      BLOCK,
      ['--lbs', '2', '--backends', '3'],
      `vips:
  - { name: withdrawing, health: { ${CHECK}, low: 2, high: 3 } }
  - { name: resetting, health: { ${CHECK}, low: 2, high: 3, noBackend: reset } }
  - { name: trying, health: { ${CHECK}, low: 2, high: 3, noBackend: panic } }
  - { name: panicking, health: { ${CHECK}, panicThreshold: 60 } }
`,
    )
    const { api } = cluster
    const routedTo = async (name: string) => (await api.status()).vips.find((vip) => vip.name === name)!.routedTo
    const healthy = async () =>
      Object.values((await api.status()).lbs).map(({ services }) =>
        services.map(({ backends }) => backends.filter(({ isHealthy }) => isHealthy).length),
      )
    const untilHealthy = (count: number) =>
      until(async () => (await healthy()).flat().every((n) => n === count), `${count} backends are healthy`)
    const outcomes = async (name: string) => {
      const answers = await Promise.allSettled(Array.from({ length: 60 }, () => fetchOnce(cluster.url(name))))
      return answers.map((answer) =>
        answer.status === 'fulfilled' ? answer.value.status : (answer.reason as NodeJS.ErrnoException).code,
      )
    }
    const panics = async () =>
      Object.values((await api.status()).lbs).map(({ services }) =>
        services.filter(({ isInPanic }) => isInPanic).map(({ name }) => name),
      )
    const flowsInPanic = async (name: string) =>
      Object.values((await api.status()).lbs)
        .flatMap(({ services }) => services.filter((service) => service.name === name))
        .reduce((sum, service) => sum + service.flowsInPanic, 0)
    const all = (value: unknown) => new Array(60).fill(value)

    await untilHealthy(3)
    for (const name of ['withdrawing', 'resetting', 'trying', 'panicking'])
      await until(async () => (await routedTo(name)).length === 2, `${name} has its routes`)
    await api.role.kill({ role: 'backend-1', keepStopped: true })
    await untilHealthy(2)
    for (const name of ['withdrawing', 'resetting', 'trying', 'panicking'])
      t.same(await outcomes(name), all(200), `${name}: two are enough`)

    t.same(await panics(), [[], []], 'two of three are 67 %, above the threshold')
    t.equal(await flowsInPanic('panicking'), 0)

    await api.role.kill({ role: 'backend-2', keepStopped: true })
    await untilHealthy(1)
    t.same(
      (await panics()).map((names) => [...names].sort()),
      [
        ['panicking', 'trying'],
        ['panicking', 'trying'],
      ],
    )
    t.same(await outcomes('panicking'), all(200), 'flows that a dead backend refuses find the one that lives')
    t.equal(await flowsInPanic('panicking'), 60)
    t.match((await cluster.cli('status')).stdout, /! panicking is in panic mode on lb-1 lb-2/)
    await until(async () => (await routedTo('withdrawing')).length === 0, 'its routes are withdrawn')
    t.match(await api.vip.list({ lb: 'lb-1' }), [
      { vips: [{ names: ['withdrawing'], inhibitedBy: ['no-healthy-backend'] }, {}, {}, {}] },
    ])
    t.same(await outcomes('withdrawing'), all('ECONNREFUSED'))
    t.same(await routedTo('resetting'), ['lb-1', 'lb-2'])
    t.same(await outcomes('resetting'), all('ECONNRESET'))
    t.same(await routedTo('trying'), ['lb-1', 'lb-2'])
    t.same(await outcomes('trying'), all(200), 'each flow finds the one that lives')

    await api.role.start({ role: 'backend-1' })
    await untilHealthy(2)
    t.same(await routedTo('withdrawing'), [], 'two are not enough to come back')
    t.same(await panics(), [['trying'], ['trying']], 'the threshold has no gap, high has')
    t.same(await outcomes('resetting'), all('ECONNRESET'))
    await api.role.start({ role: 'backend-2' })
    await untilHealthy(3)
    await until(async () => (await routedTo('withdrawing')).length === 2, 'its routes are back')
    for (const name of ['withdrawing', 'resetting', 'trying', 'panicking']) t.same(await outcomes(name), all(200), name)

    // A backend that only reports that it is not ready serves its connections.
    const client = await RawClient.open(cluster.vip('withdrawing').listen)
    const responds = async (connection: RawClient) => {
      const before = connection.received.length
      connection.socket.write(REQUEST)
      await until(() => connection.received.length > before, 'the connection is served')
    }
    await responds(client)
    const lb = (await api.sessions({ lb: 'all', vip: 'withdrawing', limit: 100 })).find(({ sessions }) =>
      sessions.some(({ client: from }) => from.endsWith(`:${client.socket.localPort}`)),
    )!.lb
    const placed = async () => (await api.vip.list({ lb }))[0]!.vips[0]!
    for (const backend of ['backend-1', 'backend-2', 'backend-3'])
      await api.backend.setBehavior({ backend, healthz: 'failing' })
    await untilHealthy(0)
    await until(async () => (await routedTo('withdrawing')).join() === lb, 'only the LB with a session keeps its route')
    t.match(await placed(), { inhibitedBy: [], drainedBy: ['no-healthy-backend'] })
    t.match((await cluster.cli('status')).stdout, /backend-1 +HTTP 503, expected 200-399 +lb-1 lb-2/)
    await responds(client)
    t.same(new Set(await outcomes('withdrawing')), new Set(['ECONNRESET']), 'new flows are turned away')
    await responds(client)
    client.socket.end()
    await until(async () => (await routedTo('withdrawing')).length === 0, 'with its last session the VIP goes')
    t.match(await placed(), { inhibitedBy: ['no-healthy-backend'], drainedBy: [] })
    for (const backend of ['backend-1', 'backend-2', 'backend-3']) await api.backend.restore({ backend })
    await untilHealthy(3)
    await until(async () => (await routedTo('withdrawing')).length === 2, 'its routes are back')

    // A stall of all backends is no end of their connections.
    const stalled = await RawClient.open(cluster.vip('withdrawing').listen)
    await responds(stalled)
    for (const backend of ['backend-1', 'backend-2', 'backend-3']) await api.role.pause({ role: backend })
    await untilHealthy(0)
    const before = stalled.received.length
    stalled.socket.write(REQUEST)
    for (const backend of ['backend-1', 'backend-2', 'backend-3']) await api.role.resume({ role: backend })
    await until(() => stalled.received.length > before, 'the connection is served after the stall')
    stalled.socket.end()
    await untilHealthy(3)
    await until(async () => (await routedTo('withdrawing')).length === 2, 'its routes are back')

    // A backend that an operator drains is not in the quorum, and takes no VIP down while others are healthy.
    for (const backend of ['backend-1', 'backend-2']) await resultOf(api.backend.drain({ backend }))
    t.same(await outcomes('withdrawing'), all(200), 'one is all that there is')
    t.same(await routedTo('withdrawing'), ['lb-1', 'lb-2'])
    await api.role.kill({ role: 'backend-3', keepStopped: true })
    await until(async () => (await routedTo('withdrawing')).length === 0, 'drained backends are no help')
  },
)

t.test('a backend that has recovered gets its share little by little', async (t) => {
  // They listen before the first check, so that neither starts with having recovered.
  const servers = await OwnServer.start(t, BLOCK, 2)
  const cluster = await TestCluster.start(
    t,
    BLOCK,
    ['--lbs', '1'],
    `backends: [${servers.map(({ yaml }) => yaml)}]
vips: [{ name: web, policy: weighted-round-robin, health: { ${CHECK}, slowStart: 20s } }]
`,
  )
  const { api } = cluster
  const isHealthy = async () => {
    const { lbs } = await api.status()
    return lbs['lb-1']!.services[0]!.backends.every((backend) => backend.isHealthy)
  }
  const shares = async () => {
    const { flows } = await runProbe({
      url: new URL(cluster.url('web')),
      connections: 'new',
      ratePerSecond: 200,
      durationMs: 500,
      timeoutMs: 5_000,
    })
    return flows.perBackend
  }
  await until(isHealthy, 'both are healthy')
  const before = await shares()
  t.same([before['own-1'], before['own-2']], [50, 50])
  await servers[1]!.kill()
  await until(async () => !(await isHealthy()), 'it is found down')
  await servers[1]!.start()
  await until(isHealthy, 'it has recovered')
  const after = await shares()
  t.ok(after['own-2']! > 0 && after['own-2']! < 35, `it gets ${after['own-2']} of 100 flows at first`)
})
