import t from 'tap'
import { fetchOnce, RawClient } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

async function routedTo(cluster: TestCluster, vip = 'web'): Promise<readonly string[]> {
  return (await cluster.api.status()).vips.find(({ name }) => name === vip)?.routedTo ?? []
}

/** A switch's session with a neighbour. */
async function sessionOf(cluster: TestCluster, name: string, neighbor: string) {
  return (await cluster.api.status()).switches[name]?.sessions.find((session) => session.neighbor === neighbor)
}

/** Connections that have had one response, each with the LB that carries it. */
async function openFlows(cluster: TestCluster, count: number) {
  const { listen } = cluster.vip('web')
  const clients = await Promise.all(Array.from({ length: count }, () => RawClient.open(listen)))
  for (const client of clients) client.socket.write(REQUEST)
  await until(() => clients.every((client) => client.text.includes('"backend"')), 'all have a response')
  return clients.map((client) => ({ client, lb: cluster.lbOf(/"address":"([^"]+)"/.exec(client.text)?.[1] ?? '') }))
}

/** Sends a request on a connection; resolves when the response is there. */
async function request(client: RawClient): Promise<void> {
  client.received = Buffer.alloc(0)
  client.socket.write(REQUEST)
  await until(() => client.text.includes('"backend"'), 'a response')
}

t.test('BGP sessions are reset from either end, and come back', async (t) => {
  const cluster = await TestCluster.start(t, '127.97.0.0/16', ['--lbs', '2', '--backends', '1'])
  const { api } = cluster
  const isBack = async () => (await routedTo(cluster)).length === 2

  const byLb = await cluster.cli('bgp', 'reset', 'lb-2', 'uplink')
  t.match(byLb, { code: 0, stdout: /^lb-2 has ended its BGP session with uplink: Cease, Administrative Reset\n/ })
  await until(
    async () => (await sessionOf(cluster, 'uplink', 'lb-2'))?.lastError !== null,
    'the switch has received it',
  )
  t.match((await sessionOf(cluster, 'uplink', 'lb-2'))?.lastError, { direction: 'received', code: 6, subcode: 4 })
  await until(isBack, 'its routes are back')

  t.match(await api.bgp.reset({ role: 'uplink', neighbor: 'lb-1' }), { injected: [{ id: 'f2' }], undo: null })
  await until(
    async () => (await sessionOf(cluster, 'uplink', 'lb-1'))?.lastError?.direction === 'sent',
    'the switch has sent it',
  )
  await until(isBack, 'its routes are back')
  await api.bgp.reset({ role: 'lb-1', neighbor: 'downlink' })
  await until(async () => (await fetchOnce(cluster.url('web')).catch(() => null))?.status === 200, 'traffic flows')
  t.strictSame((await api.faults.list()).faults, [], 'it is over at once')
  t.match(await cluster.cli('bgp', 'reset', 'lb-1', 'left'), { code: 2, stderr: /no BGP neighbour 'left'/ })
  t.match(await cluster.cli('bgp', 'reset', 'backend-1', 'uplink'), { code: 2, stderr: /backend-1 is a backend/ })
  await api.role.kill({ role: 'lb-2', keepStopped: true })
  await t.rejects(api.bgp.reset({ role: 'lb-2', neighbor: 'uplink' }), { status: 503, message: /lb-2 is not running/ })
  await until(async () => (await sessionOf(cluster, 'uplink', 'lb-2'))?.state !== 'established', 'it is down')
  await t.rejects(api.bgp.reset({ role: 'uplink', neighbor: 'lb-2' }), { status: 409, message: /no established BGP/ })
})

t.test('the hold timer of a switch expires if an LB sends nothing, and only on that session', async (t) => {
  const cluster = await TestCluster.start(
    t,
    '127.98.0.0/16',
    ['--lbs', '2', '--backends', '1'],
    'bgp: { holdTime: 3s }\n',
  )
  const { api } = cluster
  t.match(await cluster.cli('bgp', 'mute', 'lb-2', 'uplink'), {
    code: 0,
    stdout: /^lb-2 sends neither KEEPALIVE nor UPDATE to the uplink switch\n/,
  })
  await until(async () => !(await routedTo(cluster)).includes('lb-2'), 'its routes are gone')
  t.match((await sessionOf(cluster, 'uplink', 'lb-2'))?.lastError, { direction: 'sent', code: 4 })
  const { switches, lbs } = await api.status()
  t.match(switches.uplink?.ports[1], { peer: 'lb-2', up: true }, 'the carrier stays')
  t.equal(lbs['lb-2']?.bgp.downlink, 'established')
  t.match((await api.faults.list()).faults, [{ kind: 'bgp-mute', role: 'lb-2', side: 'uplink', author: 'cli' }])
  // Another fault of this LB is cleared without a wait for routes that this one keeps away.
  await api.link.down({ lb: 'lb-2', side: 'downlink' })
  t.match(await api.link.up({ lb: 'lb-2', side: 'downlink' }), { summary: /^lb-2's downlink link is up$/ })
  t.match(await api.faults.clear(), { cleared: [{ kind: 'bgp-mute' }], failed: [] })
  t.strictSame(await routedTo(cluster), ['lb-1', 'lb-2'], 'when clear is done, the routes are back')
  t.strictSame((await api.faults.list()).faults, [])
})

t.test('a route is withheld although its VIP is on the interface, and flaps', async (t) => {
  const cluster = await TestCluster.start(t, '127.99.0.0/16', ['--lbs', '2', '--backends', '1'])
  const { api } = cluster
  const route = { lb: 'lb-2', vip: 'web' }
  t.match(await cluster.cli('route', 'withhold', 'lb-2', 'web'), {
    code: 0,
    stdout: /^lb-2 withholds its route of web\n/,
  })
  await until(async () => (await routedTo(cluster)).join() === 'lb-1', 'the route is gone')
  t.match(await api.vip.list({ lb: 'lb-2' }), [{ vips: [{ names: ['web'], inhibitedBy: ['route-withheld'] }] }])
  t.match((await cluster.cli('vip', 'list')).stdout, /route-withheld/)
  for (let i = 0; i < 10; i++) t.equal((await fetchOnce(cluster.url('web'))).status, 200)
  await api.route.withhold({ ...route, forMs: 200 })
  await until(async () => (await routedTo(cluster)).length === 2, 'it ends by itself')

  const changes = () => cluster.events.filter(({ kind, node }) => kind === 'route.changed' && node === 'uplink').length
  const before = changes()
  t.match(await api.route.flap({ ...route, upMs: 100, downMs: 100 }), {
    summary: /for 100 ms and announces it for 100 ms/,
  })
  await until(() => changes() >= before + 6, 'the route comes and goes')
  const { faults } = await api.faults.list()
  t.match(faults, [{ kind: 'route-flap', role: 'lb-2', vip: 'web', upMs: 100, downMs: 100 }])
  t.match(await cluster.cli('faults', 'clear', faults[0]!.id), {
    code: 0,
    stdout: /^cleared: lb-2's route of web flaps/,
  })
  t.strictSame(await routedTo(cluster), ['lb-1', 'lb-2'], 'when clear is done, the route is there')

  // A restarted LB announces all routes.
  await api.route.withhold(route)
  await api.role.restart({ role: 'lb-2' })
  t.strictSame(await routedTo(cluster), ['lb-1', 'lb-2'])
  t.strictSame((await api.faults.list()).faults, [])
  await t.rejects(api.route.flap({ ...route, upMs: -1, downMs: 100 }), {
    status: 400,
    message: /body\.upMs.*10 to 3600000/,
  })
  await t.rejects(api.route.withhold({ lb: 'lb-2', vip: 'api' }), {
    status: 409,
    message: /api is not on the interface of lb-2/,
  })
  t.match(await cluster.cli('route', 'flap', 'lb-2', 'none'), { code: 2, stderr: /there is no VIP 'none'/ })
})

t.test('exhausted ports and sessions refuse new flows, and established flows go on', async (t) => {
  const cluster = await TestCluster.start(t, '127.100.0.0/16', ['--lbs', '2', '--backends', '2'])
  const { api } = cluster
  const drops = async (cause: 'port-exhausted' | 'table-full') => (await api.status()).lbs['lb-2']!.drops[cause]
  for (const [resource, cause] of [
    ['ports', 'port-exhausted'],
    ['sessions', 'table-full'],
  ] as const) {
    const flows = await openFlows(cluster, 20)
    const mine = flows.filter(({ lb }) => lb === 'lb-2')
    t.ok(mine.length > 0, `${mine.length} flows are on lb-2`)
    t.match(await cluster.cli('exhaust', 'lb-2', resource), { code: 0, stdout: /^lb-2 has 0 usable / })
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () =>
        fetchOnce(cluster.url('web')).then(
          ({ status }) => status,
          () => 'reset' as const,
        ),
      ),
    )
    const refused = outcomes.filter((outcome) => outcome === 'reset').length
    t.ok(refused > 0 && refused < 20, `${refused} of 20 new flows are reset`)
    t.equal(await drops(cause), refused)
    for (const { client } of mine) await request(client)
    t.match((await api.faults.list()).faults, [{ kind: 'exhausted', role: 'lb-2', resource, leave: 0 }])
    await api.lb.exhaust({ lb: 'lb-2', resource, leave: 50, forMs: 100 })
    await until(async () => (await api.faults.list()).faults.length === 0, 'it ends by itself')
    for (let i = 0; i < 10; i++) t.equal((await fetchOnce(cluster.url('web'))).status, 200)
    t.equal(await drops(cause), refused)
    for (const { client } of flows) client.socket.destroy()
    await cluster.untilEmpty()
  }
  await t.rejects(api.lb.exhaust({ lb: 'lb-2', resource: 'ports', leave: 70_000 }), {
    status: 400,
    message: /body\.leave must be a whole number from 0 to/,
  })
  t.match(await cluster.cli('exhaust', 'lb-2', 'memory'), { code: 2, stderr: /ports, sessions/ })
  await api.role.pause({ role: 'lb-2' })
  await t.rejects(api.lb.exhaust({ lb: 'lb-2', resource: 'ports' }), { status: 503, message: /lb-2 is paused/ })
})
