import { rmSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { seededRandom } from '@fivetuple/faults'
import t from 'tap'
import { fetchOnce, RawClient } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

/** Marker and length of a BGP message that never gets longer. */
const HALF_BGP = Buffer.concat([Buffer.alloc(16, 0xff), Buffer.from([0x10, 0x00, 0x02])])

function payloads(seed: number): Buffer[] {
  const random = seededRandom(seed)
  const noise = (length: number) => Buffer.from(Array.from({ length }, () => random.int(256)))
  return [
    noise(1),
    noise(100),
    noise(20_000),
    Buffer.alloc(5_000),
    Buffer.alloc(5_000, 0xff),
    HALF_BGP,
    Buffer.from('5tpl\x01'),
    Buffer.from('GET / HTTP/1.1\r\n'),
    Buffer.from(`POST /v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n`),
    Buffer.from(`GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`),
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]),
  ]
}

t.test('hostile bytes on every listening port disturb nothing else', async (t) => {
  const cluster = await TestCluster.start(t, '127.80.0.0/16')
  const { ready } = cluster
  const steady = await RawClient.open(cluster.vip('web').listen)
  const ask = async (answers: number): Promise<void> => {
    steady.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => steady.text.split('"backend"').length === answers + 1, `answer ${answers}`)
  }
  await ask(1)
  const targets = [
    ...ready.switches.flatMap(({ address, role }) => [
      `${address}:1790`,
      `${address}:${role === 'uplink' ? 4701 : 4702}`,
    ]),
    new URL(ready.api).host,
    ...ready.vips.map(({ listen }) => listen),
    ...ready.backends.map(({ address, port }) => `${address}:${port}`),
  ]
  const strangers: Socket[] = []
  let answers = 1
  for (const target of targets) {
    const [host, port] = target.split(':')
    for (const [i, payload] of payloads(targets.indexOf(target)).entries()) {
      // From an LB's own address too: BGP then lets the connection in further.
      const localAddress = i % 2 === 0 ? ready.lbs[0]!.address : '127.0.0.1'
      const socket = connect({ host: host!, port: Number(port), localAddress })
      socket.on('error', () => {})
      strangers.push(socket)
      await new Promise<void>((resolve) => {
        socket.once('connect', resolve).once('close', resolve)
      })
      socket.write(payload)
      if (i % 3 === 0) socket.end()
      if (i % 3 === 1) socket.resetAndDestroy()
    }
    await ask(++answers)
  }
  const fresh = await Promise.all(Array.from({ length: 50 }, () => fetchOnce(cluster.url('api'))))
  t.ok(fresh.every(({ status }) => status === 200))
  for (const socket of strangers) socket.destroy()
  const status = await cluster.api.status()
  t.ok(
    status.roles.every(({ restarts, state }) => restarts === 0 && state === 'running'),
    'no role died of it',
  )
  t.strictSame(
    status.vips.map(({ routedTo }) => routedTo.length),
    [4, 3],
    'no route went',
  )
  t.ok(
    Object.values(status.switches).every(({ ports }) => ports.every(({ up }) => up)),
    'no cable came out',
  )
  steady.socket.destroy()
  await cluster.untilEmpty()
})

/** Keeps so many connections open that say nothing, whatever the other end does; @returns what ends that. */
async function crowd(host: string, port: number, count: number): Promise<() => void> {
  const sockets = new Set<Socket>()
  let isOver = false
  const open = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect({ host, port }).on('error', () => {})
      sockets.add(socket)
      socket.once('connect', resolve).once('close', () => {
        sockets.delete(socket)
        if (!isOver) setTimeout(() => void open(), 50)
      })
    })
  await Promise.all(Array.from({ length: count }, open))
  return () => {
    isOver = true
    for (const socket of sockets) socket.destroy()
  }
}

t.test('connections of strangers keep neither the operator nor an LB out', async (t) => {
  const cluster = await TestCluster.start(t, '127.46.0.0/16', ['--lbs', '2', '--backends', '1'])
  const { hostname, port } = new URL(cluster.ready.api)
  const routes = async () => (await cluster.api.status()).vips[0]!.routedTo.length
  t.equal(await routes(), 2) // and its connection stays open
  const leave = [await crowd(hostname, Number(port), 130)]
  for (const { address, role } of cluster.ready.switches)
    leave.push(await crowd(address, role === 'uplink' ? 4701 : 4702, 140))
  t.teardown(() => {
    for (const end of leave) end()
  })
  const { code, stderr } = await cluster.cli('status')
  t.match({ code, stderr }, { code: 0, stderr: '' }, 'a new connection of the operator gets through')
  await cluster.api.role.restart({ role: 'lb-1' })
  await until(async () => (await routes()) === 2, 'its routes are back')
  t.match(await cluster.cli('lb', 'drain', 'lb-2'), { code: 0 })
})

t.test('a run directory that is removed is written again, and roles start again by it', async (t) => {
  const cluster = await TestCluster.start(t, '127.46.0.0/16', ['--lbs', '2', '--backends', '1'])
  rmSync(cluster.runtimeDirectory, { recursive: true })
  await cluster.api.role.kill({ role: 'lb-1', keepStopped: true })
  await cluster.api.role.start({ role: 'lb-1' })
  await until(() => cluster.events.some(({ kind }) => kind === 'files.removed'), 'it reports that')
  t.match(await cluster.cli('vip', 'list'), { code: 0, stdout: /lb-1/ }, 'commands find the cluster')
  t.equal(statSync(cluster.directory).mode & 0o077, 0)
  t.equal((await fetchOnce(cluster.url('web'))).status, 200)
})

t.test('the control API lets nobody in without its token, or from a web page', async (t) => {
  const cluster = await TestCluster.start(t, '127.81.0.0/16', ['--lbs', '1', '--backends', '1'])
  const { api, token } = cluster.record
  const authorization = `Bearer ${token}`
  const status = async (headers: Record<string, string>, path = '/v1/status'): Promise<number> => {
    const { request } = await import('node:http')
    return new Promise((resolve, reject) => {
      request(`${api}${path}`, { headers }, (res) => {
        res.resume()
        resolve(res.statusCode ?? 0)
      })
        .on('error', reject)
        .end()
    })
  }
  t.equal(await status({ authorization }), 200)
  t.equal(await status({}), 401)
  t.equal(await status({ authorization: 'Bearer wrong' }), 401)
  t.equal(await status({ authorization: `Bearer ${token}x` }), 401)
  t.equal(await status({ authorization, host: 'localhost' }), 421)
  t.equal(await status({ authorization, origin: 'http://evil.example' }), 403)
  t.equal(await status({ authorization }, '/v2/everything'), 404)
  t.equal(await status({ authorization }, '/v1/explain'), 400)
  t.equal(await status({ authorization }, '/v1/explain?client=1.2.3.4:5&vip=web&protocol=sctp'), 400)
  t.equal(await status({ authorization }, '/v1/explain?client=nonsense&vip=web'), 400)
})
