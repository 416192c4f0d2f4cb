import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import t from 'tap'
import { RawClient } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const MIB = 1024 * 1024

interface Flow {
  readonly client: RawClient
  readonly lb: string | undefined
}

/** Keep-alive connections, each with the LB that carries it. */
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

/** Least time of five requests on a connection, ms: a busy machine makes single ones slower. */
async function roundTripMs(flow: Flow): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const startedAt = performance.now()
    const responded = new Promise<void>((resolve) => flow.client.socket.once('data', () => resolve()))
    ask(flow)
    await responded
    times.push(performance.now() - startedAt)
  }
  return Math.min(...times)
}

/** Sends a body to /echo on a connection of its own; returns the time it took, ms. */
function echo(cluster: TestCluster, body: Buffer): Promise<{ readonly isIntact: boolean; readonly ms: number }> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const req = request(cluster.url('web', '/echo'), { method: 'POST', agent: false }, (res) => {
      const hash = createHash('sha256')
      res.on('data', (chunk: Buffer) => hash.update(chunk))
      res.on('error', reject)
      res.on('end', () =>
        resolve({
          isIntact: hash.digest('hex') === createHash('sha256').update(body).digest('hex'),
          ms: performance.now() - startedAt,
        }),
      )
    })
    req.on('error', reject)
    req.end(body)
  })
}

async function routedTo(cluster: TestCluster): Promise<readonly string[]> {
  return (await cluster.api.status()).vips.find(({ name }) => name === 'web')?.routedTo ?? []
}

t.test('a delay is added to the round trips of its LB only, and ends by itself or with a command', async (t) => {
  const cluster = await TestCluster.start(t, '127.151.0.0/16', ['--lbs', '2', '--backends', '2'])
  const flows = await openFlows(cluster, 20)
  const slow = flows.find(({ lb }) => lb === 'lb-2')!
  const other = flows.find(({ lb }) => lb === 'lb-1')!
  const before = await roundTripMs(slow)
  const injected = await cluster.cli('link', 'impair', 'lb-2', 'uplink', '--in', '--delay', '120ms')
  t.match(injected, { code: 0, stdout: /^lb-2's uplink link has delay 120ms towards the LB\n/ })
  const during = await roundTripMs(slow)
  t.ok(during >= 120 && during < before + 120 + 1_000, `${before.toFixed(1)} ms before, ${during.toFixed(1)} ms now`)
  t.ok((await roundTripMs(other)) < 120, 'flows of the other LB are as fast as before')
  t.match((await cluster.cli('faults', 'list')).stdout, /f1 .* cli +lb-2's uplink link has delay 120ms towards the LB/)
  t.match((await cluster.cli('status')).stdout, /lb-2 +uplink +in +delay 120ms +\d+ +\d+ +-/)
  t.match((await cluster.api.status()).lbs['lb-2']?.links.uplink.in, {
    faults: [{ id: 'f1', scope: 'all', fault: { kind: 'delay', ms: 120 } }],
    drops: { 'queue-full': 0 },
  })

  t.match(await cluster.cli('link', 'restore', 'lb-2'), { code: 0, stdout: /^cleared: lb-2's uplink link has delay/ })
  t.ok((await roundTripMs(slow)) < 120)
  const { injected: both } = await cluster.api.link.impair({
    lb: 'lb-2',
    side: 'downlink',
    faults: [{ kind: 'delay', ms: 60 }],
    forMs: 2_000,
  })
  t.ok((await roundTripMs(slow)) >= 120, '60 ms in each direction')
  t.match(both, [{ seed: null, endsAt: String }])
  await until(async () => (await cluster.api.faults.list()).faults.length === 0, 'the fault ends by itself')
  t.ok((await roundTripMs(slow)) < 120)
  for (const { client } of flows) client.socket.destroy()
})

t.test('loss, copies and reordering are repaired, bytes are intact; a rate limits goodput', async (t) => {
  const cluster = await TestCluster.start(t, '127.152.0.0/16', ['--lbs', '1', '--backends', '1'])
  const { api } = cluster
  await api.link.impair({
    lb: 'lb-1',
    side: 'both',
    faults: [
      { kind: 'loss', rate: 0.02 },
      { kind: 'duplicate', rate: 0.02 },
      { kind: 'reorder', rate: 0.02, byMs: 5 },
    ],
    scope: 'data',
    seed: 7,
  })
  const bodies = await Promise.all([1, 2].map(() => echo(cluster, randomBytes(MIB))))
  t.strictSame(
    bodies.map(({ isIntact }) => isIntact),
    [true, true],
  )
  const { uplink, downlink } = (await api.status()).lbs['lb-1']!.links
  for (const { in: towards, out } of [uplink, downlink])
    for (const { drops, duplicates, sent } of [towards, out])
      t.ok(drops.loss > 0 && duplicates > 0 && drops.loss < sent / 4, `${drops.loss} of ${sent} dropped`)
  await api.link.restore({ lb: 'lb-1', side: 'both' })

  await api.link.impair({ lb: 'lb-1', side: 'uplink', faults: [{ kind: 'rate', bitsPerSecond: 8e6 }], scope: 'data' })
  const { isIntact, ms } = await echo(cluster, randomBytes(MIB))
  t.ok(isIntact)
  t.ok(ms > 1_000, `1 MiB at 1 MB/s took ${ms.toFixed(0)} ms`)
  await api.faults.clear({})
  const fast = await echo(cluster, randomBytes(MIB))
  t.ok(fast.isIntact && fast.ms < ms)
  await cluster.untilEmpty()
})

t.test('with line cards all member links of a link share its faults', async (t) => {
  const yaml = 'lbs: 1\nbackends: 1\nlineCards: 2\n'
  const cluster = await TestCluster.start(t, '127.158.0.0/16', [], yaml)
  const { api } = cluster
  await api.link.impair({
    lb: 'lb-1',
    side: 'uplink',
    faults: [
      { kind: 'delay', ms: 60 },
      { kind: 'loss', rate: 0.01 },
    ],
    scope: 'data',
  })
  const flows = await openFlows(cluster, 8)
  for (const flow of flows) t.ok((await roundTripMs(flow)) >= 120, 'on either card')
  const bodies = await Promise.all([1, 2, 3, 4].map(() => echo(cluster, randomBytes(200_000))))
  t.ok(bodies.every(({ isIntact }) => isIntact))
  await api.faults.clear({})
  for (const flow of flows) t.ok((await roundTripMs(flow)) < 120)
  for (const { client } of flows) client.socket.destroy()
  await cluster.untilEmpty()
})

t.test('a black hole in one direction of one link hurts the flows of that LB only, and is undone', async (t) => {
  const cluster = await TestCluster.start(t, '127.153.0.0/16', ['--lbs', '2', '--backends', '2'])
  const { api } = cluster
  const flows = await openFlows(cluster, 30)
  const through = flows.filter(({ lb }) => lb === 'lb-2')
  const others = flows.filter(({ lb }) => lb !== 'lb-2')
  t.ok(through.length > 0 && others.length > 0)
  let ended = 0
  for (const { client } of flows) void client.closed.then(() => ended++)
  await api.link.impair({
    lb: 'lb-2',
    side: 'uplink',
    directions: ['out'],
    faults: [{ kind: 'black-hole' }],
    scope: 'data',
  })
  for (const flow of flows) ask(flow)
  await until(() => others.every(hasResponse), 'flows of the other LB have responses')
  for (const flow of others) ask(flow)
  await until(() => others.every(hasResponse), 'and again')
  t.notOk(through.some(hasResponse), 'those of this LB have none')
  t.match((await api.status()).lbs['lb-2']?.links.uplink, { in: { sent: 0 }, out: { queued: 0 } })
  await api.faults.clear({})
  await until(() => through.every(hasResponse), 'retransmissions arrive')
  t.equal(ended, 0, 'no flow has ended')
  for (const { client } of flows) client.socket.destroy()
  await cluster.untilEmpty()
})

for (const [detector, block, yaml] of [
  ['BFD', '127.154.0.0/16', 'bgp: { holdTime: 90s }\n'],
  ['the hold time', '127.157.0.0/16', 'bgp: { holdTime: 3s }\nbfd: off\n'],
] as const)
  t.test(`a black hole of the control plane is detected by ${detector}; afterwards all is back`, async (t) => {
    const cluster = await TestCluster.start(t, block, ['--lbs', '2'], yaml)
    const { api } = cluster
    await cluster.cli('link', 'impair', 'lb-2', 'uplink', '--in', '--black-hole', '--scope', 'control')
    await until(async () => (await routedTo(cluster)).join() === 'lb-1', 'its routes are gone')
    t.match((await api.status()).lbs['lb-2'], { cables: { uplink: true, downlink: true } }, 'the carrier stays')
    if (detector === 'BFD') {
      const injected = cluster.events.find(({ kind }) => kind === 'fault.injected')
      const down = (): unknown =>
        cluster.events.find(
          ({ kind, node, cause }) => kind === 'bfd.down' && node === 'lb-2' && cause === injected?.seq,
        )
      await until(() => down() !== undefined, 'BFD of the LB is down because of the fault')
    }
    t.match(await cluster.cli('faults', 'clear'), { code: 0, stdout: /^cleared: lb-2's uplink link has black-hole/ })
    await until(async () => (await routedTo(cluster)).join() === 'lb-1,lb-2', 'its routes are back')
  })

t.test('a flap takes the carrier at both ends again and again; faults survive a restart of their LB', async (t) => {
  const cluster = await TestCluster.start(t, '127.155.0.0/16', ['--lbs', '2'])
  const { api } = cluster
  const carriers = async () => {
    const { lbs, switches } = await api.status()
    return [lbs['lb-2']?.cables.uplink, switches.uplink?.ports.find(({ peer }) => peer === 'lb-2')?.up]
  }
  await api.link.impair({ lb: 'lb-2', side: 'uplink', faults: [{ kind: 'flap', upMs: 700, downMs: 700 }] })
  for (const isUp of [false, true, false])
    await until(async () => (await carriers()).every((up) => up === isUp), isUp ? 'up at both ends' : 'down')
  t.match((await api.faults.list()).faults, [{ kind: 'link-flap', role: 'lb-2', side: 'uplink' }])
  await api.link.restore({ lb: 'lb-2', side: 'uplink' })
  t.strictSame(await routedTo(cluster), ['lb-1', 'lb-2'])

  await api.link.impair({ lb: 'lb-1', side: 'uplink', faults: [{ kind: 'delay', ms: 5 }], directions: ['in'] })
  const { pid } = cluster.ready.lbs[0]!
  process.kill(pid, 'SIGKILL')
  await until(async () => (await api.status()).lbs['lb-1']?.links.uplink.in.faults.length === 1, 'it is there again')
  t.match((await api.faults.list()).faults, [{ id: 'f2', kind: 'link-impaired', role: 'lb-1' }])
  t.match(await api.faults.clear({ id: 'f2' }), { cleared: [{ id: 'f2' }] })
  t.strictSame((await api.status()).lbs['lb-1']?.links.uplink.in.faults, [])
})

t.test(
  'faults of the configuration are there from the start; what can not be meant is an error that names the field and its range',
  async (t) => {
    const yaml = 'lbs: 1\nbackends: 1\nlinks: [{ lb: lb-1, side: downlink, seed: 7, delay: 1ms±1ms }]\n'
    const cluster = await TestCluster.start(t, '127.156.0.0/16', [], yaml)
    const { api } = cluster
    t.match(
      await api.faults.list(),
      { faults: [{ id: 'f1', author: 'config', seed: 7, kind: 'link-impaired', side: 'downlink' }] },
      'the configuration has a fault',
    )
    const link = { lb: 'lb-1', side: 'uplink' } as const
    const impair = (...faults: Parameters<typeof api.link.impair>[0]['faults']) => api.link.impair({ ...link, faults })
    await t.rejects(impair({ kind: 'loss', rate: 1.2 }), {
      status: 400,
      message: /faults\[0\]\.rate: 1\.2 .* 0% to 100%/,
    })
    await t.rejects(impair({ kind: 'delay', ms: -1 }), {
      message: /faults\[0\]\.ms: -1 is too small: use 0ms to 600000ms/,
    })
    await t.rejects(impair({ kind: 'rate', bitsPerSecond: 0 }), {
      message: /bitsPerSecond: 0 is too small: use 1kbit to/,
    })
    await t.rejects(impair({ kind: 'flap', upMs: 5, downMs: 0 }), { message: /downMs: 0 is too small: use 1ms to/ })
    await t.rejects(impair({ kind: 'flap', upMs: 5, downMs: 5 }, { kind: 'loss', rate: 0.1 }), {
      message: /flap takes the carrier from the whole link: inject it by itself/,
    })
    await t.rejects(api.link.impair({ lb: 'lb-9', side: 'uplink', faults: [{ kind: 'loss', rate: 0.1 }] }), {
      status: 404,
      message: /there is no LB 'lb-9'; there are lb-1/,
    })
    await t.rejects(api.link.restore({ lb: 'lb-9', side: 'both' }), { status: 404, message: /there is no LB 'lb-9'/ })
    await api.link.down(link)
    await t.rejects(impair({ kind: 'loss', rate: 0.1 }), {
      status: 409,
      message: /lb-1's uplink link is down: 'fivetuple link up lb-1 uplink' first/,
    })
    t.match(await cluster.cli('link', 'impair', 'lb-1', '--loss', '120%'), {
      code: 2,
      stderr: /--loss\.rate: "120%" is too large: use 0% to 100%/,
    })
  },
)
