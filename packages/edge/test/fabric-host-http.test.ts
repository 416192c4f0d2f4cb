import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { FabricHost, ServerEdge, TcpEdge } from '@fivetuple/edge'
import { parseIpv4, prefixOf } from '@fivetuple/packet'
import { DeadlineTimer, monotonicClock } from '@fivetuple/runtime'
import { tcpOptions } from '@fivetuple/tcp'
import { PacketWire } from '@fivetuple/testkit'
import t, { type Test } from 'tap'
import { Client } from 'undici'

const BIP = '127.93.2.1'
const BACKEND = '127.93.3.1'

/** A host, a wire, and the server edge of a downlink switch that dials a real HTTP server. */
async function start(t: Test) {
  const server = createServer((request, response) => {
    if (request.url === '/large') response.end(Buffer.alloc(1_000_000, 'x'))
    else if (request.url === '/echo') request.pipe(response)
    else if (request.url !== '/never') response.end(`hello ${request.socket.remoteAddress}`)
  })
  const sockets: Socket[] = []
  const errors: string[] = []
  server.on('connection', (socket) => {
    sockets.push(socket)
    socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? error.message))
  })
  server.listen(0, BACKEND)
  await once(server, 'listening')
  const clock = monotonicClock
  const dialErrors: string[] = []
  const toBackend: PacketWire = new PacketWire(setImmediate, (b, start, end) =>
    edge.receive(b, start, end, clock.now()),
  )
  const toHost: PacketWire = new PacketWire(setImmediate, (b, start, end) => host.receive(b, start, end, clock.now()))
  const serverEdge = new ServerEdge(
    {
      clock,
      prefixes: [prefixOf(parseIpv4(BACKEND)!, 24)],
      proxyProtocol: [],
      onDialError: (_flow, code) => dialErrors.push(code),
    },
    () => edge,
  )
  const timer = new DeadlineTimer(clock, () => {
    edge.onTimeout(clock.now())
    return edge.deadline()
  })
  const edge: TcpEdge = new TcpEdge(
    {
      fabric: { egressFor: () => 0, outputOf: () => toHost },
      tcp: tcpOptions({ timeWaitMs: 20 }),
      maxFlows: 100,
      nextIss: () => 1,
      onIncoming: serverEdge.accept,
      onEarlierDeadline: (deadline) => timer.arm(deadline),
    },
    clock.now(),
  )
  const host: FabricHost = new FabricHost({
    output: toBackend,
    address: parseIpv4(BIP)!,
    ports: [15_000, 15_099],
    tcp: tcpOptions({ timeWaitMs: 20 }),
    clock,
  })
  t.teardown(() => {
    host.close()
    timer.close()
    edge.abortAll(clock.now())
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const client = (to = port, signal?: AbortSignal) =>
    new Client(`http://${BACKEND}:${to}`, {
      connect: (_options, callback) => {
        const socket = host.connect({
          address: parseIpv4(BACKEND)!,
          port: to,
          ...(signal === undefined ? {} : { signal }),
        })
        const onError = (error: Error) => callback(error, null)
        socket.once('error', onError)
        socket.once('connect', () => {
          socket.off('error', onError)
          callback(null, socket as never)
        })
      },
    })
  return { host, edge, client, server, sockets, errors, dialErrors }
}

t.test('undici speaks over it: small, large, and back and forth', async (t) => {
  const { client, errors } = await start(t)
  const http = client()
  const small = await http.request({ path: '/', method: 'GET' })
  t.equal(small.statusCode, 200)
  t.equal(await small.body.text(), `hello ${BIP}`, 'the backend sees the BIP')
  const large = await http.request({ path: '/large', method: 'GET' })
  t.equal((await large.body.arrayBuffer()).byteLength, 1_000_000)
  const body = Buffer.alloc(1_000_000, 'y')
  const echo = await http.request({ path: '/echo', method: 'POST', body })
  t.ok(Buffer.from(await echo.body.arrayBuffer()).equals(body))
  await http.close()
  t.strictSame(errors, [])
})

t.test('one connection per request, closed in order and leaving nothing', async (t) => {
  const { host, edge, client, sockets, errors } = await start(t)
  for (let i = 0; i < 20; i++) {
    const http = client()
    const { statusCode, body } = await http.request({ path: '/', method: 'GET', reset: true })
    t.equal(statusCode, 200)
    await body.text()
    await http.destroy()
  }
  t.equal(sockets.length, 20)
  while (host.portsInUse > 0 || edge.flowCount > 0) await new Promise(setImmediate)
  t.ok(sockets.every((socket) => socket.destroyed))
  t.strictSame(errors, [], 'no backend was reset')
})

t.test('refused', async (t) => {
  const { client, server, host, dialErrors } = await start(t)
  const http = client()
  server.close()
  await t.rejects(http.request({ path: '/', method: 'GET' }), { code: 'ECONNREFUSED' })
  t.strictSame(dialErrors, ['ECONNREFUSED'])
  t.equal(host.portsInUse, 0)
})

t.test('a request that is given up reaches the backend as a reset', async (t) => {
  const { client, server, host, errors } = await start(t)
  const abort = new AbortController()
  const http = client(undefined, abort.signal)
  const answer = http.request({ path: '/never', method: 'GET' })
  const [request] = await once(server, 'request')
  const closed = new Promise((resolve) => request.socket.on('close', resolve))
  abort.abort(new Error('enough'))
  await t.rejects(answer, { message: 'enough' })
  await closed
  t.strictSame(errors, ['ECONNRESET'])
  t.equal(host.portsInUse, 0)
})
