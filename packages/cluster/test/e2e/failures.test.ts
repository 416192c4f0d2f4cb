import type { ProbeReport } from '@fivetuple/client'
import { runProbe } from '@fivetuple/client'
import t from 'tap'
import { fetchOnce, RawClient } from './http-probe.js'
import { isAlive, TestCluster, until } from './test-cluster.js'

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

interface Flow {
  readonly client: RawClient
  readonly lb: string | undefined
}

/** Connections that have had one answer, each with the LB that carries it. */
async function openFlows(cluster: TestCluster, count: number): Promise<Flow[]> {
  const { listen } = cluster.vip('web')
  const clients = await Promise.all(Array.from({ length: count }, () => RawClient.open(listen)))
  for (const client of clients) client.socket.write(REQUEST)
  await until(() => clients.every((client) => client.text.includes('"backend"')), 'all have a response')
  return clients.map((client) => ({
    client,
    lb: cluster.lbOf(/"address":"([^"]+)"/.exec(client.text)?.[1] ?? ''),
  }))
}

function ask({ client }: Flow): void {
  client.received = Buffer.alloc(0)
  client.socket.write(REQUEST)
}

const hasResponse = ({ client }: Flow): boolean => client.text.includes('"backend"')

async function routedTo(cluster: TestCluster, vip: string): Promise<readonly string[]> {
  return (await cluster.api.status()).vips.find(({ name }) => name === vip)?.routedTo ?? []
}

async function stateOf(cluster: TestCluster, role: string): Promise<string | undefined> {
  return (await cluster.api.status()).roles.find(({ name }) => name === role)?.state
}

t.test('roles are killed, kept stopped, started and restarted', async (t) => {
  const cluster = await TestCluster.start(t, '127.91.0.0/16', ['--lbs', '3', '--backends', '2'])
  const { api } = cluster
  const { pid } = cluster.ready.lbs[1]!

  const killed = await api.role.kill({ role: 'lb-2', keepStopped: true })
  t.match(killed, { summary: `lb-2 (pid ${pid}) is killed`, undo: 'fivetuple start lb-2', warnings: [] })
  t.notOk(isAlive(pid))
  await until(async () => !(await routedTo(cluster, 'web')).includes('lb-2'), 'its routes are gone')
  t.equal((await fetchOnce(cluster.url('web'))).status, 200)
  t.match(await api.faults.list(), {
    faults: [{ kind: 'kept-stopped', role: 'lb-2', undo: 'fivetuple start lb-2' }],
    unreachable: [],
  })
  t.match(await cluster.cli('status'), { code: 0, stdout: /lb-2 +0 +kept stopped/ })
  await t.rejects(api.role.kill({ role: 'lb-2', keepStopped: true }), /kept stopped already/)
  await t.rejects(api.role.pause({ role: 'lb-2' }), /lb-2 is not running/)

  t.match(await api.role.start({ role: 'lb-2' }), {
    summary: /^lb-2 \(pid \d+\) is started: it is ready, and its routes are back/,
  })
  t.strictSame(await routedTo(cluster, 'web'), ['lb-1', 'lb-2', 'lb-3'], 'when start is done, the routes are there')
  t.strictSame((await api.faults.list()).faults, [])

  await api.role.restart({ role: 'lb-3' })
  t.strictSame(await routedTo(cluster, 'web'), ['lb-1', 'lb-2', 'lb-3'], 'when restart is done, the routes are back')
  t.match(
    cluster.events.findLast(({ kind }) => kind === 'role.exited'),
    { how: 'ended with code 0', restartInMs: 0 },
  )
  t.match(await api.role.restart({ role: 'backend-1' }), {
    summary: /^backend-1 \(pid \d+\) is started: it is ready, after/,
  })

  const byCli = await cluster.cli('kill', 'downlink')
  t.match(byCli, { code: 0, stdout: /^downlink \(pid \d+\) is killed\n! downlink is the only path/ })
  await until(async () => (await stateOf(cluster, 'downlink')) === 'running', 'the switch is back by itself')
  await until(async () => (await routedTo(cluster, 'web')).length === 3, 'all LBs can reach backends again')
  await until(async () => (await fetchOnce(cluster.url('web')).catch(() => null))?.status === 200, 'traffic flows')
  await t.rejects(api.role.kill({ role: 'lb-9' }), /there is no role 'lb-9'; there are uplink, downlink, lb-1/)
})

t.test('flows through a paused LB stall, and continue when it is resumed', async (t) => {
  // Nothing is to detect it, however slow this machine is: only the hold time could.
  const cluster = await TestCluster.start(t, '127.92.0.0/16', [], 'bfd: off\nbgp: { holdTime: 90s }\n')
  const { api } = cluster
  const flows = await openFlows(cluster, 40)
  const through = flows.filter(({ lb }) => lb === 'lb-2')
  const others = flows.filter(({ lb }) => lb !== 'lb-2')
  t.ok(through.length > 0 && others.length > 0, `${through.length} of 40 flows are on lb-2`)
  let ended = 0
  for (const { client } of flows) void client.closed.then(() => ended++)

  t.match(await api.role.pause({ role: 'lb-2' }), {
    summary: /^lb-2 \(pid \d+\) is paused: SIGSTOP$/,
    undo: 'fivetuple resume lb-2',
  })
  t.match((await cluster.cli('status')).stdout, /^lb-2 +- +paused \(SIGSTOP\)$/m)
  t.equal(await stateOf(cluster, 'lb-2'), 'paused')
  t.match((await api.status()).unreachable, [{ name: 'lb-2', reason: /resume it with 'fivetuple resume lb-2'/ }])
  t.match(await cluster.cli('status'), { code: 0, stdout: /lb-2 +\d+ +paused \(SIGSTOP\)/ })
  t.match(await cluster.cli('faults', 'list'), { stdout: /lb-2 is paused \(SIGSTOP\) +fivetuple resume lb-2/ })
  for (const flow of flows) ask(flow)
  await until(() => others.every(hasResponse), 'flows of other LBs have responses')
  // A second round trip of the others: a packet of lb-2 would have arrived by now.
  for (const flow of others) ask(flow)
  await until(() => others.every(hasResponse), 'and again')
  t.notOk(through.some(hasResponse), 'none of its flows is')

  t.match(await api.role.resume({ role: 'lb-2' }), { summary: /is resumed: SIGCONT$/, undo: null })
  await until(() => through.every(hasResponse), 'all of its flows have responses')
  t.equal(ended, 0, 'no flow has ended')
  t.equal(await stateOf(cluster, 'lb-2'), 'running')
  for (const { client } of flows) client.socket.destroy()
  await cluster.untilEmpty()

  // A paused role does not delay the shutdown.
  await api.role.pause({ role: 'lb-1' })
  await api.role.pause({ role: 'uplink' })
  const { pids } = cluster
  await cluster.stop()
  t.notOk(pids.some(isAlive))
})

t.test('a link that is down takes routes and flows of its LB with it, and nothing else', async (t) => {
  const cluster = await TestCluster.start(t, '127.93.0.0/16')
  const { api } = cluster
  const all = ['lb-1', 'lb-2', 'lb-3', 'lb-4']
  for (const side of ['uplink', 'downlink', 'both'] as const) {
    const flows = await openFlows(cluster, 40)
    const through = flows.filter(({ lb }) => lb === 'lb-3')
    t.match(await api.link.down({ lb: 'lb-3', side }), {
      undo: `fivetuple link up lb-3 ${side}`,
      summary: /redials are refused/,
    })
    await until(async () => !(await routedTo(cluster, 'web')).includes('lb-3'), 'its routes are gone')
    const wanted = { uplink: side === 'downlink', downlink: side === 'uplink' }
    await until(async () => {
      const { lbs, switches } = await api.status()
      return (['uplink', 'downlink'] as const).every((name) => {
        const isUp = wanted[name]
        const port = switches[name]?.ports[2]
        return (
          lbs['lb-3']?.cables[name] === isUp && port?.peer === 'lb-3' && port.up === isUp && port.isAdminDown === !isUp
        )
      })
    }, 'no carrier at either end of a link that is down, carrier at both ends of the other')
    const settled = new Set<Flow>()
    for (const flow of through) {
      void flow.client.closed.then(() => settled.add(flow))
      ask(flow)
    }
    await until(() => settled.size === through.length, `its ${through.length} flows end`)
    t.equal((await fetchOnce(cluster.url('web'))).status, 200, 'new connections work')

    if (side === 'both') {
      const { faults } = await api.faults.list()
      t.match(faults, [
        { kind: 'link-down', role: 'lb-3', side: 'uplink' },
        { kind: 'link-down', role: 'lb-3', side: 'downlink' },
      ])
      // A switch that is started again keeps the port down.
      await api.role.restart({ role: 'uplink' })
      t.match((await api.status()).switches.uplink?.ports[2], { up: false, isAdminDown: true })
      t.match(await cluster.cli('link', 'up', 'lb-3'), {
        code: 0,
        stdout: /links are up: its routes are back/,
      })
    } else t.match(await api.link.up({ lb: 'lb-3', side }), { summary: /is up: its routes are back after \d+ ms/ })
    t.strictSame(await routedTo(cluster, 'web'), all)
    for (const { client } of flows) client.socket.destroy()
  }
  t.match(await cluster.cli('link', 'down', 'lb-3', 'left'), { code: 2 })
  t.match(await cluster.cli('link', 'down', 'lb-7'), { code: 2, stderr: /there is no LB 'lb-7'/ })

  // All that is broken is undone together.
  await api.link.down({ lb: 'lb-1', side: 'downlink' })
  await api.role.kill({ role: 'lb-2', keepStopped: true })
  await api.role.pause({ role: 'lb-4' })
  await api.backend.setBehavior({ backend: 'backend-2', delayMs: 5, healthz: 'ok' })
  const { faults } = await api.faults.list()
  t.strictSame(
    faults.map(({ description }) => description),
    [
      'lb-2 is kept stopped',
      'lb-4 is paused (SIGSTOP)',
      "lb-1's downlink link is down",
      'backend-2 responds 5 ms late',
      'backend-2 always passes health checks',
    ],
  )
  t.match(await api.faults.clear(), { cleared: faults, failed: [] })
  t.strictSame(await api.faults.list(), { faults: [], unreachable: [] })
  t.strictSame(await routedTo(cluster, 'web'), all)
})

t.test('after the response that an LB is up it is up, even if it had no path to its backends', async (t) => {
  const cluster = await TestCluster.start(
    t,
    '127.52.0.0/16',
    ['--lbs', '2', '--backends', '1'],
    'vips: [{ name: web, health: { check: http, interval: 1s, timeout: 1s } }]\n',
  )
  const { api } = cluster
  const inhibitedBy = async () => (await api.vip.list({ lb: 'lb-2' }))[0]?.vips[0]?.inhibitedBy ?? []
  await api.link.down({ lb: 'lb-2', side: 'downlink' })
  await until(async () => (await inhibitedBy()).includes('no-downlink'), 'it has no path to its backends')
  t.match(await api.link.up({ lb: 'lb-2', side: 'downlink' }), { summary: /its routes are back/, warnings: [] })
  t.ok((await routedTo(cluster, 'web')).includes('lb-2'))

  await api.role.kill({ role: 'backend-1', keepStopped: true })
  await until(async () => (await inhibitedBy()).includes('no-healthy-backend'), 'there is no backend')
  await api.link.down({ lb: 'lb-2', side: 'uplink' })
  t.match(await api.link.up({ lb: 'lb-2', side: 'uplink' }), {
    warnings: [/web is inhibited, since too few backends are healthy/],
  })
})

t.test('LBs are restarted one after the other under load', async (t) => {
  const cluster = await TestCluster.start(t, '127.94.0.0/16', ['--lbs', '3', '--backends', '2'])
  const stop = new AbortController()
  const load = runProbe({
    url: new URL(cluster.url('web')),
    connections: 'new',
    ratePerSecond: 100,
    durationMs: 60_000,
    timeoutMs: 5_000,
    signal: stop.signal,
  })
  const steps = (await cluster.cli('rolling-restart', '--json')).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  stop.abort()
  const report: ProbeReport = await load
  t.match(steps, [
    ...['lb-1', 'lb-2', 'lb-3'].flatMap((lb) => [
      { step: 'restarting', lb },
      { step: 'routed', lb, vips: lb === 'lb-3' ? ['web'] : /web/ },
      { step: 'carrying', lb, newFlows: /^[1-9]/ },
    ]),
    { step: 'done', lbs: ['lb-1', 'lb-2', 'lb-3'] },
  ])
  t.ok(report.failed < report.completed / 10, `${report.failed} failed, ${report.completed} answered`)
  t.equal(report.errors.ECONNREFUSED ?? 0, 0, 'there was always an LB')
  const { roles } = await cluster.api.status()
  t.strictSame(
    roles.filter(({ kind }) => kind === 'lb').map(({ restarts }) => restarts),
    [1, 1, 1],
  )

  // If the client goes away, the next LB is not restarted, and another rolling restart can be requested.
  for await (const { step } of cluster.api.lb.rollingRestart()) if (step === 'restarting') break
  await until(
    async () => (await cluster.api.status()).roles.find(({ name }) => name === 'lb-1')?.restarts === 2,
    'lb-1',
  )
  await cluster.api.link.down({ lb: 'lb-2', side: 'both' }) // before the next one has begun, which finds it so
  let again = cluster.api.lb.rollingRestart()
  await until(async () => {
    const first = await again.next().catch(() => undefined)
    if (first === undefined) again = cluster.api.lb.rollingRestart()
    return first !== undefined
  }, 'the first has ended')
  await t.rejects(cluster.api.lb.rollingRestart().next(), /a rolling restart is under way/)

  // One that does not come back stops it.
  let last: unknown
  for await (const step of again) last = step
  t.match(last, { step: 'failed', lb: 'lb-2', reason: /lb-2 has no carrier to the downlink switch/ })
  t.equal((await cluster.api.status()).roles.find(({ name }) => name === 'lb-3')?.restarts, 1)
})

t.test('backends misbehave as requested, and are restored', async (t) => {
  const cluster = await TestCluster.start(
    t,
    '127.91.0.0/16',
    ['--lbs', '2', '--backends', '2'],
    'vips: [{ name: web, health: { check: http, interval: 200ms, timeout: 1s, fall: 2, rise: 2 } }]\n',
  )
  const { api } = cluster
  const untilHealthy = (isHealthy: boolean) =>
    until(
      async () => {
        const { lbs } = await api.status()
        const seen = Object.values(lbs).flatMap(({ services }) => services[0]!.backends)
        return seen.every((backend) => backend.name !== 'backend-1' || backend.isHealthy === isHealthy)
      },
      `all LBs find backend-1 ${isHealthy ? 'up' : 'down'}`,
    )
  /** As many answers as it takes for backend-1 to have given one. */
  const fromBackend1 = async () => {
    for (;;) {
      const startedAt = performance.now()
      const { status, body } = await fetchOnce(cluster.url('web'))
      const isOurs = status === 503 || body.toString().includes('"backend-1"')
      if (isOurs) return { status, tookMs: performance.now() - startedAt }
    }
  }

  const slow = await cluster.cli('backend', 'slow', 'backend-1', '1500ms')
  t.match(slow, { code: 0, stdout: /^backend-1 responds 1500 ms late\n/ })
  await untilHealthy(false)
  await api.backend.setBehavior({ backend: 'backend-1', healthz: 'ok' })
  await untilHealthy(true)
  t.ok((await fromBackend1()).tookMs >= 1500, 'its responses are late')
  t.match(await cluster.cli('backend', 'fail', 'backend-1', '100%'), {
    stdout: /1500 ms late, fails 100 % of requests/,
  })
  t.equal((await fromBackend1()).status, 503)
  t.match(await cluster.cli('backend', 'restore', 'backend-1'), { code: 0, stdout: /^backend-1 behaves normally\n/ })
  t.equal((await fromBackend1()).status, 200)

  for (const how of ['refuse', 'stall']) {
    t.match(await cluster.cli('backend', how, 'backend-1'), {
      code: 0,
      stdout: /Undo:\n {2}fivetuple backend restore /,
    })
    await untilHealthy(false)
    t.match((await fetchOnce(cluster.url('web'))).body.toString(), /"backend-2"/)
    t.match(await api.faults.list(), {
      faults: [{ kind: 'misbehaving', role: 'backend-1', behavior: { [how]: true } }],
    })
    t.match(await cluster.cli('faults', 'clear'), { code: 0, stdout: /^cleared: backend-1 / })
    await untilHealthy(true)
    t.equal((await fromBackend1()).status, 200)
  }

  t.match(await cluster.cli('backend', 'fail', 'backend-1', '130%'), { code: 2 })
  t.match(await cluster.cli('backend', 'slow', 'backend-1', 'soon'), { code: 2, stderr: /a duration such as 300ms/ })
  t.match(await cluster.cli('backend', 'slow', 'backend-3', '1s'), {
    code: 2,
    stderr: /there is no backend 'backend-3'/,
  })
})

t.test('a fault that is injected for a time ends by itself', async (t) => {
  const cluster = await TestCluster.start(t, '127.94.0.0/16', ['--lbs', '2', '--backends', '2'])
  const { api } = cluster
  const faultEvents = () =>
    cluster.events.flatMap((event) => ('fault' in event ? [`${event.fault} ${event.kind.slice('fault.'.length)}`] : []))
  const endsAlone = async (id: string): Promise<void> => {
    await until(() => faultEvents().includes(`${id} ended`), `${id} ends by itself`)
    t.strictSame((await api.faults.list()).faults, [])
  }
  const paused = await cluster.cli('pause', 'lb-2', '--for', '300ms')
  t.match(paused, { code: 0, stdout: /^lb-2 \(pid \d+\) is paused: SIGSTOP\n.*fault f1 ends by itself in \ds\n$/s })
  await endsAlone('f1')
  t.equal(await stateOf(cluster, 'lb-2'), 'running')

  t.match(await api.role.kill({ role: 'lb-2', forMs: 300 }), { undo: 'fivetuple start lb-2', injected: [{ id: 'f2' }] })
  await endsAlone('f2')
  await until(async () => (await routedTo(cluster, 'web')).length === 2, 'its routes are back')

  await api.link.down({ lb: 'lb-1', side: 'both', forMs: 300 })
  await until(() => faultEvents().includes('f3 ended') && faultEvents().includes('f4 ended'), 'both links')
  await until(async () => (await routedTo(cluster, 'web')).length === 2, 'its routes are back')

  t.match(await cluster.cli('backend', 'slow', 'backend-1', '10ms', '--for', '1h'), {
    stdout: /ends by itself in 1h 0m\n/,
  })
  await api.backend.setBehavior({ backend: 'backend-1', failRatio: 1 })
  t.match(await cluster.cli('faults', 'list'), {
    stdout:
      /^ID +AGE +ENDS IN +BY +FAULT +UNDO *\nf5 +\ds +(1h 0m|59m \d+s) +cli +backend-1 responds 10 ms late +fivetuple faults clear f5\nf6 +\ds +- +api /,
  })
  t.match(await cluster.cli('faults', 'clear', 'f6'), {
    code: 0,
    stdout: /^cleared: backend-1 fails 100 % of requests \(f6\)\n$/,
  })
  t.match((await api.faults.list()).faults, [{ id: 'f5', author: 'cli', behavior: { delayMs: 10 } }])
  t.match(await cluster.cli('faults', 'clear', 'f6'), { code: 2, stderr: /there is no fault 'f6': there are f5/ })
  // A backend that is started again behaves normally, so its fault is gone, and so is its end.
  await api.role.restart({ role: 'backend-1' })
  t.strictSame((await api.faults.list()).faults, [])
  t.strictSame(faultEvents().sort(), [
    ...['f1', 'f2', 'f3', 'f4'].flatMap((id) => [`${id} ended`, `${id} injected`]),
    ...['f5 injected', 'f5 vanished', 'f6 cleared', 'f6 injected'],
  ])
  for (const [forMs, reason] of [
    [0, />= 1/],
    [-5, />= 1/],
    [1e9, /86400000 ms, a day/],
    [1.5, /integer/],
  ] as const)
    await t.rejects(api.role.pause({ role: 'lb-1', forMs }), { status: 400, message: reason })
  t.match(await cluster.cli('pause', 'lb-1', '--for', '5'), { code: 2, stderr: /a duration has a unit: 5ms or 5s/ })
})
