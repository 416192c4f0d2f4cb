import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { TestCluster, until } from './test-cluster.js'

const BIN = fileURLToPath(new URL('bin.js', import.meta.resolve('@fivetuple/cluster')))

interface Flow {
  readonly connection: number
  readonly local: string
  readonly lb?: string
}

interface Report {
  readonly name: string
  readonly completed: number
  readonly failed: number
  readonly portsTaken: number
  readonly flows: { readonly opened: number; readonly perLb: Readonly<Record<string, number>> }
  readonly payload: { readonly upBytes: number; readonly downBytes: number }
  readonly flowList: readonly Flow[]
}

/** Runs `fivetuple probe --json --flows`, and checks its exit code. */
async function probe(
  cluster: TestCluster,
  ...args: readonly string[]
): Promise<{ seed: number | null; from: string | null; targets: readonly Report[] }> {
  const { code, stdout, stderr } = await cluster.cli('probe', ...args, '--json', '--flows')
  if (code > 1) throw new Error(`probe ${args.join(' ')} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout)
}

const firstFlows = (report: Report): string[] =>
  [...report.flowList].sort((a, b) => a.connection - b.connection).map(({ local, lb }) => `${local} ${lb}`)

t.test('the same seed twice: identical five-tuples, on the LBs that were explained beforehand', async (t) => {
  const cluster = await TestCluster.start(t, '127.91.0.0/16')
  const load = ['web', 'api', '--seed', '7', '--connections', '150', '--rate', '150', '--seconds', '1']
  const { stdout } = await cluster.cli('probe', ...load, '--plan', '--json')
  const plan: { flows: readonly { client: string; vip: string; lb: string | null }[] } = JSON.parse(stdout)
  t.match(plan, {
    seed: 7,
    from: '127.91.100.0/22',
    vips: [
      { vip: 'web', flows: 150 },
      { vip: 'api', flows: 150 },
    ],
  })
  const planned = (vip: string): string[] =>
    plan.flows.filter((flow) => flow.vip === vip).map(({ client, lb }) => `${client} ${lb}`)
  const first = await probe(cluster, ...load)
  const second = await probe(cluster, ...load)
  for (const run of [first, second])
    for (const report of run.targets) {
      t.match(report, { completed: 150, failed: 0, portsTaken: 0, flows: { opened: 150 } }, report.name)
      t.same(firstFlows(report), planned(report.name), `${report.name} as planned`)
    }
  const listed = await cluster.api.evenness({
    flows: plan.flows.map(({ client, vip }) => ({ client, vip })),
    each: true,
  })
  t.same(
    listed.flows?.map(({ lb }) => lb),
    plan.flows.map(({ lb }) => lb),
  )
  const drawn = await cluster.api.evenness({ vip: 'api', count: 20_000, seed: 3 })
  t.match(drawn.vips, [{ vip: 'api', flows: 20_000, unrouted: 0, degreesOfFreedom: 2, worst: { overload: Number } }])
  t.ok(drawn.vips[0]!.pValue! > 0.001, `evenness ${JSON.stringify(drawn.vips[0])}`)
  t.same(await cluster.api.evenness({ vip: 'api', count: 20_000, seed: 3 }), drawn, 'a seed gives the same flows again')
  t.match(await cluster.api.evenness({ vip: '127.91.10.99:80', count: 10 }), { vips: [{ unrouted: 10, pValue: null }] })
  await t.rejects(cluster.api.evenness({ flows: [{ client: 'x', vip: 'web' }] }), {
    status: 400,
    message: /flows\[0\].client is 'x'/,
  })
  await t.rejects(cluster.api.evenness({ flows: [{ client: '1.2.3.4:5' }] }), { status: 400, message: /has no vip/ })
  await t.rejects(cluster.api.evenness({ vip: 'nope' }), {
    status: 400,
    message: /neither address:port nor one of web, api/,
  })
  for (const { client, vip, lb } of plan.flows.slice(0, 5))
    t.equal((await cluster.api.explain({ client, vip })).route?.lb, lb, 'explain agrees for a single flow')
})

t.test('bodies, echoes over UDP and raw TCP, and new connections, through real LBs', async (t) => {
  const cluster = await TestCluster.start(
    t,
    '127.92.0.0/16',
    ['--lbs', '2', '--backends', '2'],
    `vips: [{ name: web }, { name: dns, port: 5353, protocol: udp }]
`,
  )
  const load = ['--rate', '40', '--seconds', '1', '--connections', '8']
  const only = async (...args: readonly string[]): Promise<Report> =>
    (await probe(cluster, ...args, ...load)).targets[0]!
  const perLb = ({ flows }: Report): number => Object.values(flows.perLb).reduce((sum, count) => sum + count, 0)
  for (const [args, payload] of [
    [['--body-up', '64KiB'], { upBytes: 40 * 65_536 }],
    [['--body-down', '64KiB'], { upBytes: 0, downBytes: 40 * 65_536 }],
    [['--body-up', '1KiB', '--body-down', '100kB'], { upBytes: 40 * 1_024, downBytes: 40 * 100_000 }],
  ] as const) {
    const report = await only('web', ...args)
    t.match(report, { completed: 40, failed: 0, payload }, args.join(' '))
    t.equal(perLb(report), 8, 'headers name the LB of each flow')
  }
  const echo = { completed: 40, failed: 0, flows: { opened: 8, withResponse: 8 } }
  t.match(await only('dns', '--body-up', '1000'), { ...echo, payload: { upBytes: 40_000, downBytes: 40_000 } })
  t.match(await only('web', '--tcp-echo', '--body-up', '100kB'), { ...echo, payload: { downBytes: 4_000_000 } })
  const fresh = await probe(cluster, 'web', '--new-connections', '--seed', '5', '--rate', '40', '--seconds', '1')
  t.match(fresh.targets[0], { completed: 40, failed: 0, portsTaken: 0, flows: { opened: 40 } })
  const elsewhere = await probe(cluster, cluster.url('web'), ...load)
  t.match(elsewhere, { targets: [{ name: 'web', completed: 40 }] }, 'a VIP is known by its address, too')

  for (const [args, error] of [
    [['nowhere'], /'nowhere' is neither a VIP \(there is web, dns\), an address with a port, nor a URL/],
    [['web', '--udp'], /web is a tcp VIP, and udp needs a udp VIP/],
    [['dns', '--tcp-echo'], /dns is a udp VIP/],
    [['dns', '--body-up', '3'], /--body-up is 3: a datagram has 4 to 65507 bytes/],
    [[cluster.url('web', '/healthz'), '--body-down', '1kB'], /has a path/],
    [['web', '--from', 'x'], /--from is 'x': an address or a prefix is needed/],
    [['web', '--hdr', '/nowhere/x.hlog'], /--hdr \/nowhere\/x\.hlog can't be written/],
    [['web', '--new-connections', '--connections', '5'], /cannot be used with option/],
    [['web', '--new-connections', '--rate', '20000', '--seconds', '60', '--plan'], /--plan lists at most 20000/],
  ] as const)
    t.match(await cluster.cli('probe', ...args), { code: 2, stdout: '', stderr: error }, args.join(' '))
})

t.test('a failure is reported per connection, with its recovery and exit code 1', async (t) => {
  const cluster = await TestCluster.start(t, '127.93.0.0/16', ['--lbs', '2', '--backends', '2'])
  const args = ['probe', 'web', '--rate', '200', '--connections', '40', '--seconds', '60', '--json', '--flows']
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...process.env, XDG_RUNTIME_DIR: cluster.runtimeDirectory },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let stdout = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  const closed = once(child, 'close')
  await until(async () => (await cluster.api.status()).switches.uplink!.flows >= 40, 'all connections are open')
  await cluster.api.role.kill({ role: 'lb-1', keepStopped: true })
  await until(() => cluster.events.some(({ kind }) => kind === 'flows.reset'), 'connections are reset')
  await until(async () => (await cluster.api.status()).switches.uplink!.flows >= 40, 'the connections are open again')
  child.kill('SIGINT')
  const [code] = await closed
  const [report] = JSON.parse(stdout).targets
  t.equal(code, 1)
  t.ok(report.failed > 0 && report.unfinished > 0, `${report.failed} failed, ${report.unfinished} were not sent`)
  const { connections, recovered, unrecovered, took } = report.recovery
  t.equal(recovered + unrecovered, report.recoveryList.length)
  t.ok(connections > 0 && connections <= 40 && took.count === recovered, `${connections} connections had failures`)
  t.equal(
    report.recoveryList.reduce((sum: number, { failed }: { failed: number }) => sum + failed, 0),
    report.failed,
    'each failure is part of a recovery',
  )
  t.ok(report.clientList.length > 0 && report.clientList.length <= connections)
})
