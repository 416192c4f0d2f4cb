import t from 'tap'
import { fetchOnce, RawClient } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** Asks on each connection again as soon as it is answered, until told to stop; counts answers. */
function keepAsking(clients: readonly RawClient[]): { answers: () => number; stop: () => Promise<void> } {
  let answers = 0
  let stopping = false
  const idle = clients.map(
    (client) =>
      new Promise<void>((resolve) => {
        client.socket.on('data', () => {
          if (!client.text.endsWith('}\n')) return
          answers++
          client.received = Buffer.alloc(0)
          if (stopping) resolve()
          else client.socket.write(REQUEST)
        })
        client.socket.write(REQUEST)
      }),
  )
  return {
    answers: () => answers,
    async stop() {
      stopping = true
      await Promise.all(idle)
    },
  }
}

t.test('a hundred times a VIP comes and goes, and not one request on another VIP notices', async (t) => {
  const cluster = await TestCluster.start(t, '127.84.0.0/16')
  const clients = await Promise.all(Array.from({ length: 40 }, () => RawClient.open(cluster.vip('web').listen)))
  let ended = 0
  for (const client of clients) void client.closed.then(() => ended++)
  const load = keepAsking(clients)
  for (let i = 0; i < 100; i++) {
    await cluster.api.vip.remove({ lb: 'all', vip: 'api' })
    await cluster.api.vip.add({ lb: 'all', vip: 'api' })
  }
  await load.stop()
  t.equal(ended, 0, `no connection of 40 ended, with ${load.answers()} answers meanwhile`)
  t.equal((await fetchOnce(cluster.url('api'))).status, 200)
  const { vips } = await cluster.api.status()
  t.strictSame(vips.find(({ name }) => name === 'api')?.routedTo, ['lb-1', 'lb-2', 'lb-3', 'lb-4'])
  for (const client of clients) client.socket.destroy()
  await cluster.untilEmpty()
})

t.test('a VIP taken off one LB moves exactly the flows that explain names, and only they end', async (t) => {
  const cluster = await TestCluster.start(t, '127.85.0.0/16')
  const { listen } = cluster.vip('web')
  const clients = await Promise.all(Array.from({ length: 60 }, () => RawClient.open(listen)))
  for (const client of clients) client.socket.write(REQUEST)
  await until(() => clients.every((client) => client.text.endsWith('}\n')), 'all have a response')
  const lbOf = (client: RawClient) =>
    cluster.api
      .explain({ client: `${client.socket.localAddress}:${client.socket.localPort}`, vip: listen, protocol: 'tcp' })
      .then(({ route }) => route?.lb)
  const before = await Promise.all(clients.map(lbOf))
  const change = await cluster.cli('vip', 'remove', 'lb-2', 'web')
  t.equal(change.code, 0, change.stderr)
  const after = await Promise.all(clients.map(lbOf))
  t.notOk(after.includes('lb-2'))
  let ended = 0
  for (const client of clients) void client.closed.then(() => ended++)
  for (const client of clients) {
    client.received = Buffer.alloc(0)
    client.socket.write(REQUEST)
  }
  const served = () => clients.map((client) => client.text.endsWith('}\n'))
  await until(() => served().filter(Boolean).length + ended === clients.length, 'every flow is served or ended')
  t.strictSame(
    served(),
    before.map((lb, i) => lb === after[i]),
    'served are those that stayed where they were',
  )
  const list = JSON.parse((await cluster.cli('vip', 'list', '--json')).stdout)
  t.strictSame(
    list.map(({ vips }: { vips: { names: string[] }[] }) => vips.flatMap(({ names }) => names).includes('web')),
    [true, false, true, true],
  )
  await t.test('an LB that is started again keeps what it was given', async (t) => {
    const victim = cluster.ready.lbs[1]!
    process.kill(victim.pid, 'SIGKILL')
    await until(async () => {
      const { roles, lbs } = await cluster.api.status()
      return (
        roles.some(({ name, restarts }) => name === 'lb-2' && restarts === 1) &&
        lbs['lb-2']?.bgp.uplink === 'established'
      )
    }, 'lb-2 is back')
    t.strictSame(
      (await cluster.api.vip.list({ lb: 'lb-2' }))[0]?.vips.flatMap(({ names }) => names),
      ['api'],
    )
  })
  await t.test('a VIP that no LB carries refuses connections, and comes back', async (t) => {
    await cluster.api.vip.remove({ lb: 'all', vip: 'web' })
    await t.rejects(fetchOnce(cluster.url('web')), { code: 'ECONNREFUSED' })
    t.match((await cluster.cli('status')).stdout, /web .*no LB: unreachable/)
    await cluster.api.vip.add({ lb: 'all', vip: 'web' })
    await until(
      async () => (await fetchOnce(cluster.url('web')).catch(() => ({ status: 0 }))).status === 200,
      'it is back',
    )
  })
  t.match(await cluster.cli('vip', 'add', 'lb-9', 'web'), { code: 2, stderr: /no LB 'lb-9'; there are lb-1, .* 'all'/ })
  t.match(await cluster.cli('vip', 'add', 'lb-1', 'nothing'), {
    code: 2,
    stderr: /no VIP 'nothing'; there are web, api/,
  })
})

t.test('an LB that is down learns what has changed when it is started again', async (t) => {
  const cluster = await TestCluster.start(t, '127.55.0.0/16', ['--lbs', '3', '--backends', '2'])
  const { api } = cluster
  await api.role.kill({ role: 'lb-2', keepStopped: true })
  t.match(await api.vip.add({ lb: 'all', vip: 'api' }), [
    { lb: 'lb-1', unreachable: undefined },
    { lb: 'lb-2', vips: [{ names: ['web'] }, { names: ['api'] }], unreachable: 'lb-2 is not running' },
    { lb: 'lb-3', unreachable: undefined },
  ])
  t.match(await cluster.cli('vip', 'set', 'web', '--policy', 'maglev', '--weight', 'backend-1=2'), { code: 0 })
  t.match(await cluster.cli('backend', 'drain', 'backend-2'), { code: 0, stdout: /backend-2 is empty/ })
  t.match(await cluster.cli('vip', 'list'), {
    code: 0,
    stdout: /^lb-2 +web .*, api .* when it is started: lb-2 is not running$/m,
  })
  t.match(await cluster.cli('sessions'), { code: 0, stdout: /^no sessions\n! lb-2: lb-2 is not running\n$/ })
  t.match(await cluster.cli('health'), { code: 0, stdout: /^! lb-2: lb-2 is not running$/m })
  t.match(await cluster.cli('vip', 'list', 'lb-2'), { code: 1, stderr: /lb-2 is not running/ })

  await api.role.start({ role: 'lb-2' })
  t.match(
    (await api.vip.list({ lb: 'lb-2' }))[0]?.vips.map(({ names }) => names),
    [['web'], ['api']],
  )
  const { lbs } = await api.status()
  t.match(lbs['lb-2']?.services[0], { name: 'web', policy: 'maglev' })
  t.match(lbs['lb-2']?.services[0]?.backends, [
    { name: 'backend-1', weight: 2, isDrained: false },
    { name: 'backend-2', isDrained: true },
  ])

  await api.role.pause({ role: 'lb-3' })
  const answer = await cluster.cli('vip', 'set', 'web', '--policy', 'random')
  t.match(answer, { code: 1, stderr: /lb-3 is paused .*fivetuple resume lb-3.*; the other LBs have changed/ })
  await api.role.resume({ role: 'lb-3' })
  t.match((await api.vip.set({ vip: 'web', policy: 'random' })).policy, 'random')
})

t.test('all changes of a VIP that are requested at once are made', async (t) => {
  const cluster = await TestCluster.start(t, '127.85.0.0/16', ['--lbs', '2', '--backends', '3'])
  const changes = [
    { policy: 'maglev' },
    { weights: { 'backend-1': 4 } },
    { weights: { 'backend-2': 5 } },
    { limits: { maxSessions: 6 } },
  ] as const
  await Promise.all(changes.map((change) => cluster.api.vip.set({ vip: 'web', ...change })))
  const weights = [{ weight: 4 }, { weight: 5 }, { weight: 1 }]
  for (const { services } of Object.values((await cluster.api.status()).lbs))
    t.match(services[0], { name: 'web', policy: 'maglev', backends: weights })
  t.match(await cluster.api.vip.set({ vip: 'web', policy: 'random' }), { limits: { maxSessions: 6 } })
})
