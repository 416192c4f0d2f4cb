import type { Prediction } from '@fivetuple/cluster'
import t from 'tap'
import { fetchOnce, RawClient } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

t.test('an LB that dies and is kept stopped: no routes, new flows on other LBs, its flows end', async (t) => {
  const cluster = await TestCluster.start(t, '127.78.0.0/16')
  const { listen } = cluster.vip('web')
  const clients = await Promise.all(Array.from({ length: 80 }, () => RawClient.open(listen)))
  for (const client of clients) client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(() => clients.every((client) => client.text.includes('"backend"')), 'all have a response')
  const lbOf = (client: RawClient): string | undefined =>
    cluster.lbOf(/"address":"([^"]+)"/.exec(client.text)?.[1] ?? '')
  const onVictim = clients.filter((client) => lbOf(client) === 'lb-2')
  t.ok(onVictim.length > 0, `${onVictim.length} of 80 flows are on lb-2`)
  // lb-2 is kept stopped: if it came back, the modulus would change once more, and with it the LB of new flows.
  t.match(await cluster.cli('predict', '--kill', 'lb-9'), { code: 2, stderr: /there is no LB 'lb-9'; there are lb-1/ })
  const { stdout } = await cluster.cli('predict', '--kill', 'lb-2', '--json')
  const [prediction] = JSON.parse(stdout).selections[0].vips as Prediction['selections'][number]['vips'][number][]
  const table = (await cluster.cli('predict', '--kill', 'lb-2')).stdout
  t.match(table, new RegExp(`^web +lb-2 +${onVictim.length} +${onVictim.length} +0 +0\\.0 +0$`, 'm'))
  t.match(
    table,
    new RegExp(`^web +all +80 +${onVictim.length} +${prediction?.collateral} +40\\.0 +${prediction?.unaffected}$`, 'm'),
  )
  t.match(table, /^ *VIP +LB +FLOWS +DIRECT LOSS +COLLATERAL +BY FORMULA +UNAFFECTED$/m)
  const before = cluster.events.length
  await cluster.api.role.kill({ role: 'lb-2', keepStopped: true })
  await untilRoutes(cluster, before, (lbs) => !lbs.includes('lb-2'), 'the route over lb-2 is gone')
  const explained = await Promise.all(
    clients.map(async ({ socket }) => {
      const source = `${socket.localAddress}:${socket.localPort}`
      const { session, sessionsElsewhere } = await cluster.api.explain({ client: source, vip: 'web' })
      // A probe of an edge may have detected it by now.
      return { session, isBroken: sessionsElsewhere.length > 0 || socket.destroyed }
    }),
  )
  const fresh = await Promise.all(Array.from({ length: 40 }, () => fetchOnce(cluster.url('web'))))
  t.ok(
    fresh.every(({ status }) => status === 200),
    'new connections work without it',
  )
  let ended = 0
  for (const client of clients) void client.closed.then(() => ended++)
  for (const client of clients) {
    client.received = Buffer.alloc(0)
    if (!client.socket.destroyed) client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  }
  let served: RawClient[] = []
  await until(() => {
    served = clients.filter((client) => client.text.includes('"backend"'))
    return served.length + ended === clients.length
  }, 'every flow is either served or ended')
  t.ok(
    onVictim.every((client) => !served.includes(client)),
    'no flow of lb-2 survived',
  )
  clients.forEach((client, i) => {
    const { session, isBroken } = explained[i]!
    if (served.includes(client)) t.ok(session !== null && !isBroken, 'explain: unaffected')
    else if (!onVictim.includes(client)) t.ok(isBroken, 'explain: broken by rehash')
  })
  t.ok(served.length > 0, `${served.length} flows kept their LB under modulo`)
  t.match(prediction, { vip: 'web', flows: 80, directLoss: onVictim.length, unaffected: served.length }, 'as predicted')
  for (const client of clients) client.socket.destroy()
  await cluster.untilEmpty()
  t.match(await cluster.cli('predict', '--kill', 'lb-1'), {
    code: 0,
    stdout: /^web +all +10000 [\s\S]*^! no flow is established: 10000 made-up flows of clients in 127\.78\.100\.0\/22/m,
  })
  t.match(await cluster.cli('predict', 'lb-1'), { code: 2, stderr: /'predict lb-…' is 'predict --kill lb-…' now/ })
})

t.test('an LB that is killed is started again', async (t) => {
  const cluster = await TestCluster.start(t, '127.77.0.0/16')
  const before = cluster.events.length
  process.kill(cluster.ready.lbs[1]!.pid, 'SIGKILL')
  const gone = await untilRoutes(cluster, before, (lbs) => !lbs.includes('lb-2'), 'the route over lb-2 is gone')
  await untilRoutes(cluster, gone, (lbs) => lbs.includes('lb-2'), 'it is there again')
  // The launcher may receive the report of the routes before that of the LB.
  await until(async () => {
    const { roles } = await cluster.api.status()
    const lb = roles.find(({ name }) => name === 'lb-2')
    return lb?.state === 'running' && lb.restarts === 1
  }, 'lb-2 is running after one restart')
  const { vips } = await cluster.api.status()
  t.ok(vips.find(({ name }) => name === 'web')?.routedTo.includes('lb-2'))
  const answers = await Promise.all(Array.from({ length: 40 }, () => fetchOnce(cluster.url('web'))))
  t.ok(
    answers.every(({ status }) => status === 200),
    'new connections work with it',
  )
})

t.test('flows that wait for a response when their LB dies end, too', async (t) => {
  const cluster = await TestCluster.start(t, '127.79.0.0/16', ['--lbs', '1', '--backends', '1'])
  const client = await RawClient.open(cluster.vip('web').listen)
  client.socket.write('GET /delay/600000 HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(async () => {
    const { lbs } = await cluster.api.status()
    return (lbs['lb-1']?.packets.fromUplink ?? 0) >= 3
  }, 'the request is on its way')
  process.kill(cluster.ready.lbs[0]!.pid, 'SIGKILL')
  t.equal(await client.closed, 'ECONNRESET')
})

/** Waits for a change of the routes of `web`, of the events from an index on; returns the index behind it. */
async function untilRoutes(
  cluster: TestCluster,
  from: number,
  isWanted: (lbs: readonly string[]) => boolean,
  what: string,
): Promise<number> {
  let index = -1
  await until(() => {
    index = cluster.events.findIndex(
      (event, i) => i >= from && event.kind === 'route.changed' && event.vips?.includes('web') && isWanted(event.after),
    )
    return index >= 0
  }, what)
  return index + 1
}
