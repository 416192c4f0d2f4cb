import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { TestCluster, until } from './test-cluster.js'

const PORTS = [5_400, 5_479] as const
/** Flows that have just ended rest in TIME-WAIT, and count. */
const MAX_FLOWS = 40
const CONFIG = `
lbs: 1
backends: 1
edge: { maxFlows: ${MAX_FLOWS} }
nat: { portRange: [${PORTS[0]}, ${PORTS[1]}] }
vips: [{ name: web, health: { check: tcp, interval: 200ms, timeout: 2s } }]
`

/** A connection that has got a response and stays open. */
async function openIdle(t: Test, url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  t.teardown(() => socket.destroy())
  socket.write('GET / HTTP/1.1\r\nhost: web\r\n\r\n')
  await once(socket, 'data')
  return socket
}

t.test('limits of this machine end no flow and make no backend unhealthy', async (t) => {
  const cluster = await TestCluster.start(t, '127.108.0.0/16', [], CONFIG)
  const url = cluster.url('web')
  const status = async () => {
    const { lbs, switches, vips } = await cluster.api.status()
    const backend = lbs['lb-1']!.services[0]!.backends[0]!
    const isRouted = vips[0]!.routedTo.length > 0
    const flows = switches.uplink!.flows + lbs['lb-1']!.sessions
    return { isRouted, flows, drops: lbs['lb-1']!.drops, downlink: switches.downlink!, backend }
  }

  // Checks that were made before the backend had started may have failed.
  await until(async () => {
    const { isRouted, backend } = await status()
    return isRouted && backend.isHealthy && backend.check!.successes >= 2
  }, 'the VIP is served')

  await t.test('source ports that a listener has are skipped', async (t) => {
    for (let port = PORTS[0]; port <= PORTS[1]; port += 4) {
      const server = createServer().listen({ host: '0.0.0.0', port, exclusive: true })
      t.teardown(() => server.close())
      await once(server, 'listening')
    }
    for (let i = 0; i < 30; i++) {
      const socket = await openIdle(t, url)
      socket.destroy()
    }
    const { drops, downlink, backend } = await status()
    t.ok(drops['source-port-in-use']! > 0, `${drops['source-port-in-use']} ports were in use`)
    t.equal(downlink.edge.sourcePortInUse, drops['source-port-in-use'])
    t.match(backend, { connectFailures: 0, isHealthy: true })
  })

  await t.test('as many idle connections as there may be live on, and health checks go on beside them', async (t) => {
    await until(async () => (await status()).flows === 0, 'earlier flows are over')
    const sockets = await Promise.all(Array.from({ length: MAX_FLOWS }, () => openIdle(t, url)))
    const { hostname, port } = new URL(url)
    const surplus = connect({ host: hostname, port: Number(port) })
    const [error] = (await once(surplus, 'error')) as [NodeJS.ErrnoException]
    t.equal(error.code, 'ECONNRESET', 'the surplus is turned away')
    const { successes, failures } = (await status()).backend.check!
    await until(async () => (await status()).backend.check!.successes >= successes + 3, 'checks go on')
    t.match((await status()).backend, { isHealthy: true, check: { failures } }, 'none has failed since')
    t.equal(sockets.filter(({ readyState }) => readyState === 'open').length, MAX_FLOWS)
  })
})
