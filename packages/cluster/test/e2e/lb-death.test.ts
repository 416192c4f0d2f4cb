import t from 'tap'
import { fetchOnce, RawClient } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

t.test('an LB killed outright: routes go, new flows go elsewhere, its flows end, and it comes back', async (t) => {
  const cluster = await TestCluster.start(t, '127.78.0.0/16')
  const { listen } = cluster.vip('web')
  const victim = cluster.ready.lbs.find(({ name }) => name === 'lb-2')!
  const clients = await Promise.all(Array.from({ length: 80 }, () => RawClient.open(listen)))
  for (const client of clients) client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(() => clients.every((client) => client.text.includes('"backend"')), 'all are answered')
  const lbOf = (client: RawClient): string | undefined =>
    cluster.lbOf(/"address":"([^"]+)"/.exec(client.text)?.[1] ?? '')
  const onVictim = clients.filter((client) => lbOf(client) === 'lb-2')
  t.ok(onVictim.length > 0, `${onVictim.length} of 80 flows are on lb-2`)
  // Where each flow would go if only lb-2 were missing is known only once it is.
  process.kill(victim.pid, 'SIGKILL')
  await until(
    () =>
      cluster.events.some((event) => event.event === 'routes' && event.vip === 'web' && !event.lbs.includes('lb-2')),
    'the route over lb-2 is gone',
  )
  const isBack = () => {
    const routes = cluster.events.filter((event) => event.event === 'routes' && event.vip === 'web').at(-1)
    return routes?.event === 'routes' && routes.lbs.includes('lb-2')
  }
  const fresh = await Promise.all(
    Array.from({ length: 40 }, () => fetchOnce(cluster.url('web')).catch(() => undefined)),
  )
  // Unless it is back already: then the modulus has changed once more, and with it the LB of flows just begun.
  t.ok(isBack() || fresh.every((answer) => answer?.status === 200), 'new connections work without it')
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
  t.ok(served.length > 0, `${served.length} flows kept their LB under modulo`)
  for (const client of clients) client.socket.destroy()
  await until(async () => {
    const { vips, roles } = await cluster.api.status()
    const back = roles.find(({ name }) => name === 'lb-2')
    return back?.restarts === 1 && vips.every(({ routedTo }) => routedTo.includes('lb-2'))
  }, 'lb-2 is back by itself')
  await cluster.untilEmpty()
})

t.test('flows that wait for an answer when their LB dies end, too', async (t) => {
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
