import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { wasSocketReset } from '@fivetuple/runtime'
import t, { type Test } from 'tap'
import { RawClient } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

/** A TCP server of the test's own behind the VIP: it shows what arrives at a backend, and when. */
async function listen(t: Test, address: string, port: number, onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    onSocket(socket)
  })
  server.listen(port, address)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return server
}

/** A cluster with one VIP in front of a server that the test runs. */
function clusterFor(t: Test, block: string): Promise<TestCluster> {
  const [a, b] = block.split('.')
  return TestCluster.start(
    t,
    block,
    [],
    `lbs: 2
backends:
  - { name: own, address: ${a}.${b}.3.77, port: 9000 }
vips:
  - { name: web, port: 8080 }
`,
  )
}

t.test('HTTP keep-alive, pipelining and chunked streams', async (t) => {
  const cluster = await TestCluster.start(t, '127.73.0.0/16', ['--lbs', '2', '--backends', '2'])
  const { listen: address } = cluster.vip('web')
  await t.test('many requests on one connection reach one backend by one BIP', async (t) => {
    const client = await RawClient.open(address)
    for (let i = 1; i <= 20; i++) {
      client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      await until(() => client.text.split('"backend"').length === i + 1, `answer ${i}`)
    }
    const peers = new Set(client.text.match(/"address":"[^"]+"/g))
    t.equal(peers.size, 1)
    client.socket.destroy()
  })
  await t.test('pipelined requests get responses in order', async (t) => {
    const client = await RawClient.open(address)
    client.socket.write(
      [200, 201, 202, 404, 503].map((code) => `GET /status/${code} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''),
    )
    await until(() => (client.text.match(/HTTP\/1\.1 \d+/g)?.length ?? 0) === 5, 'five responses')
    t.strictSame(
      client.text.match(/HTTP\/1\.1 \d+/g)?.map((line) => Number(line.slice(9))),
      [200, 201, 202, 404, 503],
    )
    client.socket.destroy()
  })
  await t.test('chunks arrive as they are made', async (t) => {
    const client = await RawClient.open(address)
    client.socket.write('GET /stream?chunks=3&interval=1000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await until(() => client.text.includes('\r\n\r\n'), 'something has come')
    t.notOk(client.ended, 'long before the end')
    await until(() => client.ended, 'the end of the stream')
    client.socket.destroy()
    t.match(client.text, /transfer-encoding: chunked/i)
  })
  await cluster.untilEmpty()
})

t.test('half-close, abort, refusal and death come through as over a plain connection', async (t) => {
  const cluster = await clusterFor(t, '127.74.0.0/16')
  const { listen: address } = cluster.vip('web')
  await t.test('a refused dial ends in a reset', async (t) => {
    const client = await RawClient.open(address)
    t.equal(await client.closed, 'ECONNRESET')
  })
  const sockets: Socket[] = []
  await listen(t, '127.74.3.77', 9000, (socket) => sockets.push(socket))
  const openPair = async (): Promise<[RawClient, Socket]> => {
    const before = sockets.length
    const client = await RawClient.open(address)
    await until(() => sockets.length > before, 'the backend has accepted')
    return [client, sockets[before]!]
  }
  await t.test('the client half-closes, the server goes on', async (t) => {
    const [client, server] = await openPair()
    let got = ''
    server.on('data', (chunk) => {
      got += chunk.toString()
    })
    const serverEnd = once(server, 'end')
    client.socket.end('question')
    await serverEnd
    t.equal(got, 'question')
    server.write('late ')
    await until(() => client.text === 'late ', 'the late response')
    server.end('response')
    t.equal(await client.closed, 'closed')
    t.equal(client.text, 'late response')
  })
  await t.test('the server half-closes, the client goes on', async (t) => {
    const [client, server] = await openPair()
    server.end('bye')
    await until(() => client.ended, 'the end of the response')
    let got = ''
    server.on('data', (chunk) => {
      got += chunk.toString()
    })
    const serverEnd = once(server, 'end')
    client.socket.end('one more thing')
    await serverEnd
    t.equal(got, 'one more thing')
    t.equal(await client.closed, 'closed')
  })
  await t.test('the client aborts', async (t) => {
    const [client, server] = await openPair()
    const error = new Promise((resolve) => server.once('error', (e: NodeJS.ErrnoException) => resolve(e.code)))
    client.socket.resetAndDestroy()
    t.equal(await error, 'ECONNRESET')
  })
  await t.test('the server aborts', async (t) => {
    const [client, server] = await openPair()
    server.resetAndDestroy()
    t.equal(await client.closed, 'ECONNRESET')
  })
  await t.test('what is reset behind megabytes ends in a reset each time, after a half-close, too', async (t) => {
    const cut = Buffer.alloc(4 * 1024 * 1024)
    const ends: Record<string, number> = {}
    const count = (how: string): void => {
      ends[how] = (ends[how] ?? 0) + 1
    }
    for (let i = 0; i < 20; i++) {
      const [client, server] = await openPair()
      server.resume()
      client.socket.end('question')
      await once(server, 'end')
      server.write(cut, () => server.resetAndDestroy())
      count(`from the server: ${await client.closed}`)
    }
    for (let i = 0; i < 20; i++) {
      const [client, server] = await openPair()
      server.end()
      await until(() => client.ended, 'the end of the server')
      const end = new Promise<string>((resolve) => {
        server.on('end', () => resolve(wasSocketReset(server) ? 'ECONNRESET' : 'end'))
        server.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? ''))
        server.resume()
      })
      client.socket.write(cut, () => client.socket.resetAndDestroy())
      count(`from the client: ${await end}`)
      server.destroy()
    }
    t.same(ends, { 'from the server: ECONNRESET': 20, 'from the client: ECONNRESET': 20 })
  })
  await t.test("a five-tuple is used again at once after the server's close", async (t) => {
    const [host, port] = address.split(':')
    for (let i = 0; i < 50; i++) {
      const before = sockets.length
      const socket = connect({ host: host!, port: Number(port), localAddress: '127.74.100.1', localPort: 29_000 })
      await until(() => sockets.length > before, `connection ${i}`)
      sockets[before]!.end('bye')
      socket.resume()
      await once(socket, 'close')
    }
    t.pass('none was refused')
  })
  await cluster.untilEmpty()
})

t.test("a backend that dies ends its connections and nobody else's", async (t) => {
  const cluster = await TestCluster.start(t, '127.75.0.0/16', ['--lbs', '2', '--backends', '2'])
  const { listen: address } = cluster.vip('web')
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(address)))
  for (const client of clients) client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(() => clients.every((client) => client.text.includes('"backend"')), 'all have a response')
  const backendOf = (client: RawClient) => /"backend":"([^"]+)"/.exec(client.text)?.[1]
  const victim = cluster.ready.backends.find(({ name }) => name === 'backend-1')!
  const hit = clients.filter((client) => backendOf(client) === 'backend-1')
  const spared = clients.filter((client) => backendOf(client) === 'backend-2')
  t.ok(hit.length > 0 && spared.length > 0)
  process.kill(victim.pid, 'SIGKILL')
  // The kernel ends what a killed process had open: with FIN, or with RST where bytes were unread.
  await until(() => hit.every(({ ended, socket }) => ended || socket.destroyed), 'its connections have ended')
  for (const client of spared) {
    client.received = Buffer.alloc(0)
    client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  }
  await until(() => spared.every((client) => client.text.includes('backend-2')), 'the others go on')
  for (const client of clients) client.socket.destroy()
  await cluster.untilEmpty()
  t.pass()
})
