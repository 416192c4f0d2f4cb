import t from 'tap'
import { RawClient } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

const CONNECTIONS = 2_000

t.test('2,000 keep-alive connections work at once, and leave nothing', async (t) => {
  const cluster = await TestCluster.start(t, '127.76.0.0/16')
  const { listen } = cluster.vip('web')
  const clients: RawClient[] = []
  for (let batch = 0; batch < CONNECTIONS / 100; batch++)
    clients.push(...(await Promise.all(Array.from({ length: 100 }, () => RawClient.open(listen)))))
  for (let round = 1; round <= 2; round++) {
    for (const client of clients) client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(
      () => clients.every((client) => client.text.split('"backend"').length === round + 1),
      `all have answer ${round}`,
    )
  }
  const { lbs, switches } = await cluster.api.status()
  t.equal(
    Object.values(lbs).reduce((sum, { sessions }) => sum + sessions, 0),
    CONNECTIONS,
  )
  t.equal(switches.uplink?.flows, CONNECTIONS)
  t.equal(switches.downlink?.flows, CONNECTIONS)
  for (const client of clients) client.socket.end()
  await cluster.untilEmpty()
  const { lbs: after } = await cluster.api.status()
  t.ok(Object.values(after).every(({ services }) => services.every(({ sessions }) => sessions === 0)))
})
