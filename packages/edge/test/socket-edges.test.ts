import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { formatIpv4, parseEndpoint } from '@fivetuple/packet'
import { wasSocketReset } from '@fivetuple/runtime'
import t, { type Test } from 'tap'
import { type Backend, readAll, type SocketFabric, SocketNet, until } from './socket-fabric.js'

const net = new SocketNet(1)

const sha256 = (b: Uint8Array): string => createHash('sha256').update(b).digest('hex')

/** All sockets and flows are gone, by themselves. */
async function leavesNothing(t: Test, fabric: SocketFabric, backend?: Backend): Promise<void> {
  await until(() => fabric.flowCount === 0 && (backend?.open ?? 0) === 0)
  t.pass('nothing is left')
}

t.test('megabytes go both ways, whole and in order', async (t) => {
  const backend = await net.openBackend(t, (socket) => socket.pipe(socket))
  const fabric = await net.openFabric(t, { tcp: { windowBytes: 65_536, sendBufferBytes: 65_536 } })
  const sent = Array.from({ length: 4 }, () => randomBytes(1_500_000))
  const received = await Promise.all(
    sent.map((bytes) => {
      const { socket } = net.dial(t)
      socket.end(bytes)
      return readAll(socket)
    }),
  )
  t.same(received.map(sha256), sent.map(sha256))
  await leavesNothing(t, fabric, backend)
  t.match(fabric.clients.counters, { opened: 4, reset: 0, timedOut: 0, unknown: 0 })
  t.match(fabric.servers.counters, { accepted: 4, reset: 0, timedOut: 0, unknown: 0 })
})

t.test("a client's FIN reaches the backend, and its response still arrives", async (t) => {
  const backend = await net.openBackend(t, async (socket) => {
    const question = await readAll(socket)
    socket.write('you said ')
    setImmediate(() => socket.end(question))
  })
  const fabric = await net.openFabric(t)
  const { socket } = net.dial(t)
  socket.end('all')
  t.equal((await readAll(socket)).toString(), 'you said all')
  await leavesNothing(t, fabric, backend)
})

t.test("a backend's FIN reaches the client, which may go on", async (t) => {
  const received: Promise<Buffer>[] = []
  const backend = await net.openBackend(t, (socket) => {
    socket.end('bye')
    received.push(readAll(socket))
  })
  const fabric = await net.openFabric(t)
  const { socket } = net.dial(t)
  t.equal((await readAll(socket)).toString(), 'bye')
  socket.end('and thanks')
  await until(() => received.length === 1)
  t.equal((await received[0]!).toString(), 'and thanks')
  await leavesNothing(t, fabric, backend)
})

t.test('a reset goes through, whoever sends it', async (t) => {
  const backend = await net.openBackend(t, (socket) => socket.on('data', () => {}))
  const fabric = await net.openFabric(t)
  const first = net.dial(t)
  await until(() => backend.open === 1)
  first.socket.resetAndDestroy()
  await until(() => backend.errors.length === 1)
  const second = net.dial(t)
  await until(() => backend.open === 1)
  backend.sockets[1]!.resetAndDestroy()
  await until(() => second.errors.length === 1)
  t.same([backend.errors, second.errors], [['ECONNRESET'], ['ECONNRESET']])
  await leavesNothing(t, fabric, backend)
})

/** How what a socket reads ends: Node.js itself takes a reset behind bytes for an end. */
function endOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.on('end', () => resolve(wasSocketReset(socket) ? 'ECONNRESET' : 'end'))
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? ''))
    socket.resume()
  })
}

/** Written in one go in front of a reset: more than the kernel takes from a peer that does not read. */
const CUT_BYTES = 4 * 1024 * 1024

for (const kind of ['uv', 'net'])
  t.test(`a reset behind bytes and FIN the other way is no end, whoever sends it (${kind})`, async (t) => {
    const choice = process.env.FIVETUPLE_SOCKETS
    process.env.FIVETUPLE_SOCKETS = kind
    const backend = await net.openBackend(t)
    const fabric = await net.openFabric(t, { tcp: { windowBytes: 65_536, sendBufferBytes: 65_536 } })
    process.env.FIVETUPLE_SOCKETS = choice ?? ''
    const ends: Record<string, number> = {}
    for (let i = 0; i < 20; i++)
      for (const isDown of [true, false])
        for (const bytes of [100, CUT_BYTES]) {
          const { socket: client } = net.dial(t)
          const before = backend.sockets.length
          await until(() => backend.sockets.length > before)
          const server = backend.sockets[before]!
          const [reader, writer] = isDown ? [client, server] : [server, client]
          reader.end()
          writer.resume()
          await once(writer, 'end')
          const end = endOf(reader)
          writer.write(Buffer.alloc(bytes), () => writer.resetAndDestroy())
          const how = `${isDown ? 'down' : 'up'}, ${bytes} bytes: ${await end}`
          ends[how] = (ends[how] ?? 0) + 1
          reader.destroy()
        }
    t.same(ends, {
      'down, 100 bytes: ECONNRESET': 20,
      'down, 4194304 bytes: ECONNRESET': 20,
      'up, 100 bytes: ECONNRESET': 20,
      'up, 4194304 bytes: ECONNRESET': 20,
    })
    await leavesNothing(t, fabric, backend)
    await fabric.close()
  })

t.test("a client's reset reaches a backend that does not read", async (t) => {
  const backend = await net.openBackend(t, (socket) => socket.pause())
  const fabric = await net.openFabric(t, { tcp: { windowBytes: 65_536, sendBufferBytes: 65_536 } })
  const { socket } = net.dial(t)
  await until(() => backend.open === 1)
  socket.write(Buffer.alloc(24 * 1024 * 1024))
  await standstill(() => socket.bytesWritten - socket.writableLength)
  socket.resetAndDestroy()
  await until(() => fabric.flowCount === 0)
  t.equal(await endOf(backend.sockets[0]!), 'ECONNRESET')
  backend.sockets[0]!.destroy()
  await leavesNothing(t, fabric, backend)
})

t.test('a five-tuple is used again as soon as the server has closed', async (t) => {
  const backend = await net.openBackend(t, (socket) => socket.on('data', (question) => socket.end(question)))
  const fabric = await net.openFabric(t)
  const { address: host, port } = net.service.listen
  const localPort = 29_000
  for (let i = 0; i < 50; i++) {
    const socket = connect({ host, port, localAddress: net.client, localPort })
    socket.write(`${i}`)
    t.equal((await readAll(socket)).toString(), `${i}`)
    await once(socket, 'close')
  }
  t.match(fabric.clients.counters, { opened: 50, tupleInUse: 0 })
  await leavesNothing(t, fabric, backend)
})

t.test('a five-tuple whose last connection does not end is refused', async (t) => {
  const backend = await net.openBackend(t, (socket) => socket.end())
  const fabric = await net.openFabric(t)
  const { address: host, port } = net.service.listen
  const from = { host, port, localAddress: net.client, localPort: 29_001 }
  const first = connect(from)
  await readAll(first)
  fabric.toServers.isCut = true // its FIN gets no further than the edge
  if (!first.closed) await once(first, 'close')
  const second = connect(from)
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => second.once('error', resolve))
  t.equal(error.code, 'ECONNRESET')
  t.match(fabric.clients.counters, { opened: 1, tupleInUse: 1 })
  fabric.toServers.isCut = false
  await leavesNothing(t, fabric, backend)
})

t.test('flows that are ended from outside reset their sockets, half-closed ones, too', async (t) => {
  const backend = await net.openBackend(t, (socket) => {
    if (backend.sockets.length === 1) socket.end('bye')
    else socket.write('not all')
    socket.resume()
  })
  const fabric = await net.openFabric(t)
  const first = net.dial(t)
  t.equal((await readAll(first.socket)).toString(), 'bye')
  const second = net.dial(t)
  await once(second.socket, 'data')
  fabric.clients.abortAll(performance.now())
  await until(() => second.errors.length === 1)
  t.same(second.errors, ['ECONNRESET'])
  first.socket.write('unheard') // it has read to the end, so only a write tells
  await until(() => first.errors.length === 1)
  await leavesNothing(t, fabric, backend)
  t.ok(fabric.clients.isRetainingNothing)
})

t.test('a client that leaves before the backend has responded leaves no state', async (t) => {
  const backend = await net.openBackend(t)
  const fabric = await net.openFabric(t)
  for (let i = 0; i < 5; i++) {
    const { socket } = net.dial(t)
    await once(socket, 'connect')
    socket.resetAndDestroy()
  }
  await until(() => fabric.clients.counters.opened === 5)
  await leavesNothing(t, fabric, backend)
})

/** Listens at the backend's address, accepts nothing, and has its accept queue full: the kernel drops every further SYN. */
async function openDeafBackend(t: Test): Promise<void> {
  const { address, port } = net.backend
  const host = formatIpv4(address)
  const listen = `{ host: '${host}', port: ${port}, backlog: 1 }`
  const code = `require('node:net').createServer().listen(${listen}, () => {
    process.stdout.write('listening')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const queued: Socket[] = []
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    for (const socket of queued) socket.destroy()
    await ended // the next test listens at the same address
  })
  await once(child.stdout, 'data')
  for (let connected = 0; connected === queued.length; ) {
    const socket = connect({ host, port }).on('error', () => {})
    queued.push(socket)
    const isConnected = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<boolean>((resolve) => setTimeout(resolve, 300, false)),
    ])
    if (isConnected) connected++
  }
}

t.test('a dial that no backend accepts ends with its flow', async (t) => {
  await openDeafBackend(t)
  const fabric = await net.openFabric(t)
  const { socket } = net.dial(t)
  await until(() => fabric.servers.flowCount === 1)
  socket.resetAndDestroy()
  await leavesNothing(t, fabric)
  t.match(fabric.servers.counters, { accepted: 0, reset: 1, timedOut: 0 })
})

t.test('a dial that no backend accepts ends by its timeout, if it is not withdrawn', async (t) => {
  await openDeafBackend(t)
  const fabric = await net.openFabric(t, { tcp: { userTimeoutMs: 1_000 } })
  const { socket } = net.dial(t)
  await until(() => fabric.servers.flowCount === 1)
  fabric.toServers.isCut = true
  socket.resetAndDestroy()
  await leavesNothing(t, fabric)
  t.match(fabric.servers.counters, { accepted: 0, reset: 0, timedOut: 1 })
})

t.test('the client is reset if no process listens, and if no backend may be there', async (t) => {
  for (const [backend, dialErrors] of [
    ['127.69.3.9:81', ['127.69.3.9:81 ECONNREFUSED']],
    ['127.69.4.1:80', []],
  ] as const) {
    const fabric = await net.openFabric(t, { backend: parseEndpoint(backend)! })
    const { errors } = net.dial(t)
    await until(() => errors.length === 1)
    t.same(errors, ['ECONNRESET'])
    t.same(fabric.dialErrors, dialErrors)
    t.equal(fabric.servers.counters.refused, 1)
    await leavesNothing(t, fabric)
    await fabric.close()
  }
})

t.test('without a route for what is accepted the client is reset', async (t) => {
  const fabric = await net.openFabric(t)
  fabric.toServers.isCut = true
  const { errors } = net.dial(t)
  await until(() => errors.length === 1)
  t.same(errors, ['ECONNRESET'])
  await leavesNothing(t, fabric)
})

t.test('flows above the limit are reset, and established flows go on', async (t) => {
  const backend = await net.openBackend(t, (socket) => socket.pipe(socket))
  const fabric = await net.openFabric(t, { maxFlows: 1 })
  const { socket } = net.dial(t)
  await until(() => backend.open === 1)
  const { errors } = net.dial(t)
  await until(() => errors.length === 1)
  t.same(errors, ['ECONNRESET'])
  t.equal(fabric.clients.counters.overLimit, 1)
  socket.end('still here')
  t.equal((await readAll(socket)).toString(), 'still here')
  await leavesNothing(t, fabric, backend)
})

t.test('a service is listened for as long as its VIP has a route; connections outlive that', async (t) => {
  const backend = await net.openBackend(t, (socket) => socket.pipe(socket))
  const fabric = await net.openFabric(t)
  const { clientEdge } = fabric
  t.same(clientEdge.listening, [net.service])
  const { socket } = net.dial(t)
  await until(() => backend.open === 1)
  await clientEdge.update((address) => address !== net.vip.address)
  t.same(clientEdge.listening, [])
  const { errors } = net.dial(t)
  await until(() => errors.length === 1)
  t.same(errors, ['ECONNREFUSED'])
  // One after the other, although nobody waits in between.
  await Promise.all([true, false, true].map((route) => clientEdge.update(() => route)))
  t.same(clientEdge.listening, [net.service])
  socket.end('still here')
  t.equal((await readAll(socket)).toString(), 'still here')
  await leavesNothing(t, fabric, backend)
})

t.test(
  'a listener that can not be opened is reported with the remedy and tried again, and the others are opened',
  async (t) => {
    const taken = await net.openBackend(t, undefined, parseEndpoint('127.69.10.21:8080')!)
    const other = { ...net.service, name: 'other', listen: { address: '127.69.10.21', port: 8080 } }
    const fabric = await net.openFabric(t, { services: [other, net.service] })
    t.match(fabric.listenErrors, [
      /127\.69\.10\.21:8080 is in use: end the program that listens there, or choose another/,
    ])
    t.match(fabric.clientEdge.listenFailures, [{ service: other, code: 'EADDRINUSE' }])
    t.same(fabric.clientEdge.listening, [net.service])
    t.equal(taken.sockets.length, 0)
    await taken.close()
    await until(() => fabric.clientEdge.listening.length === 2)
    t.same(fabric.clientEdge.listenFailures, [])
  },
)

/** Bytes on their way: written by one end, and not taken by the other. */
const MANY = 24 * 1024 * 1024
const WINDOW = 65_536

t.test('a backend that does not read stops its client, and no other', async (t) => {
  const backend = await net.openBackend(t, (socket) => {
    if (backend.sockets.length === 1) socket.pause()
    else socket.pipe(socket)
  })
  const fabric = await net.openFabric(t, { tcp: { windowBytes: WINDOW, sendBufferBytes: WINDOW } })
  const { socket } = net.dial(t)
  await until(() => backend.open === 1)
  const chunk = randomBytes(1024 * 1024)
  let written = 0
  const fill = (): void => {
    while (written < MANY && socket.write(chunk)) written += chunk.length
  }
  socket.on('drain', fill)
  fill()
  await standstill(() => socket.bytesWritten - socket.writableLength)
  t.ok(socket.writableLength > 0, 'the client can not get rid of its bytes')
  const { socket: other } = net.dial(t)
  other.end('passes')
  t.equal((await readAll(other)).toString(), 'passes')
  socket.removeListener('drain', fill)
  socket.end()
  const expected = socket.bytesWritten
  t.equal((await readAll(backend.sockets[0]!)).length, expected)
  backend.sockets[0]!.end()
  socket.resume()
  await leavesNothing(t, fabric, backend)
})

t.test('a client that does not read stops its backend, and no other', async (t) => {
  const backend = await net.openBackend(t, (socket) => {
    if (backend.sockets.length === 1) socket.end(Buffer.alloc(MANY, 'x'))
    else socket.pipe(socket)
  })
  const fabric = await net.openFabric(t, { tcp: { windowBytes: WINDOW, sendBufferBytes: WINDOW } })
  const { socket } = net.dial(t)
  socket.pause()
  await until(() => backend.open === 1)
  const [busy] = backend.sockets
  await standstill(() => fabric.toClients.log.length)
  t.ok(busy!.writableLength > 0, 'the backend can not get rid of its bytes')
  const { socket: other } = net.dial(t)
  other.end('passes')
  t.equal((await readAll(other)).toString(), 'passes')
  t.equal((await readAll(socket)).length, MANY)
  socket.end()
  busy!.resume()
  await leavesNothing(t, fabric, backend)
})

/** Waits until a count has not moved for twenty looks. */
async function standstill(count: () => number): Promise<void> {
  let before = -1
  for (let same = 0; same < 20; ) {
    const now = count()
    same = now === before ? same + 1 : 0
    before = now
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
