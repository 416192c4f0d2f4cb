import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { type CheckSpec, type CheckTarget, HealthChecker, httpCheck, tcpCheck, udpCheck } from '@fivetuple/lb-node'
import { parseIpv4 } from '@fivetuple/packet'
import { monotonicClock } from '@fivetuple/runtime'
import t, { type Test } from 'tap'
import { Downlink } from './downlink.js'

const BIP = '127.93.2.9'
const BACKEND = '127.93.3.9'
const address = parseIpv4(BACKEND)!

/** A backend that listens, what its sockets met, and the way to it. */
async function serve(t: Test, server: Server) {
  const downlink = new Downlink(BIP, BACKEND)
  const peers: string[] = []
  const errors: string[] = []
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    peers.push(socket.remoteAddress!)
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code!))
  })
  server.listen(0, BACKEND)
  await once(server, 'listening')
  t.teardown(() => {
    downlink.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { downlink, server, peers, errors, port: (server.address() as AddressInfo).port }
}

const serveHttp = (t: Test, listener: RequestListener) => serve(t, createServer(listener))

const never = new AbortController().signal
const TIMEOUT_MS = 700

t.test('HTTP: statuses', async (t) => {
  const seen: string[] = []
  const { downlink, port, peers, errors } = await serveHttp(t, (request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers.connection}`)
    response.writeHead(Number(request.url?.slice(1)) || 200, { location: '/elsewhere' }).end('some words')
  })
  const ask = (more: Partial<CheckTarget>) =>
    httpCheck(downlink.host, { type: 'http', address, port, ...more }, TIMEOUT_MS, never)
  t.strictSame(await ask({}), { result: 'success', reason: 'HTTP 200' })
  t.strictSame(await ask({ path: '/302', host: 'www.example.org' }), { result: 'success', reason: 'HTTP 302' })
  const unexpected = (reason: string) => ({ result: 'failure', reason, responds: true })
  t.strictSame(await ask({ path: '/404' }), unexpected('HTTP 404, expected 200-399'))
  t.strictSame(await ask({ path: '/301', expectStatus: [[200, 299]] }), unexpected('HTTP 301, expected 200-299'))
  t.strictSame(await ask({ path: '/503', expectStatus: [[503, 503]] }), { result: 'success', reason: 'HTTP 503' })
  const expectStatus = [
    [200, 200],
    [401, 403],
  ] as const
  t.strictSame(await ask({ path: '/204', expectStatus }), unexpected('HTTP 204, expected 200, 401-403'))
  t.strictSame(await ask({ path: '/403', expectStatus }), { result: 'success', reason: 'HTTP 403' })
  t.strictSame(await ask({ method: 'HEAD' }), { result: 'success', reason: 'HTTP 200' }, 'no body follows')
  t.strictSame(await ask({ method: 'OPTIONS', path: '/204' }), { result: 'success', reason: 'HTTP 204' })
  t.strictSame(seen, [
    `GET / ${BACKEND}:${port} close`,
    'GET /302 www.example.org close',
    ...['/404', '/301', '/503', '/204', '/403'].map((path) => `GET ${path} ${BACKEND}:${port} close`),
    `HEAD / ${BACKEND}:${port} close`,
    `OPTIONS /204 ${BACKEND}:${port} close`,
  ])
  t.strictSame(new Set(peers), new Set([BIP]))
  t.equal(peers.length, seen.length, 'a connection for each')
  await downlink.quiet()
  t.strictSame(errors, [], 'closed in order')
})

t.test('HTTP: a long response is not read to its end', async (t) => {
  const { downlink, port } = await serveHttp(t, (_request, response) => {
    const more = () => response.write(Buffer.alloc(50_000)) || response.once('drain', more)
    const timer = setInterval(more, 1)
    response.on('close', () => clearInterval(timer))
  })
  const outcome = await httpCheck(downlink.host, { type: 'http', address, port }, TIMEOUT_MS, never)
  t.strictSame(outcome, { result: 'success', reason: 'HTTP 200' })
  await downlink.quiet()
})

t.test('HTTP: aborted before the response and within it', async (t) => {
  const { downlink, server, port, errors } = await serveHttp(t, (request, response) => {
    if (request.url === '/stalls') response.write('the beginning')
  })
  for (const [path, reason] of [
    ['/silent', 'no response within 700 ms'],
    ['/stalls', 'no complete response within 700 ms'],
  ] as const) {
    const abort = new AbortController()
    const outcome = httpCheck(downlink.host, { type: 'http', address, port, path }, TIMEOUT_MS, abort.signal)
    const [request] = await once(server, 'request')
    const closed = new Promise((resolve) => request.socket.on('close', resolve))
    const hasBegun = () => downlink.toHost.log.some((b) => Buffer.from(b).includes('the beginning'))
    while (path === '/stalls' && !hasBegun()) await new Promise(setImmediate)
    await new Promise(setImmediate)
    abort.abort()
    t.strictSame(await outcome, { result: 'failure', reason })
    await closed
  }
  t.strictSame(errors, ['ECONNRESET', 'ECONNRESET'], 'the backend need not go on')
})

t.test('HTTP: bytes that are no response', async (t) => {
  const answers = ['', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nfour', 'SSH-2.0-OpenSSH\r\n']
  const server = createTcpServer((socket) => socket.once('data', () => socket.end(answers.shift() ?? '')))
  const { downlink, port } = await serve(t, server)
  const ask = () => httpCheck(downlink.host, { type: 'http', address, port }, TIMEOUT_MS, never)
  t.strictSame(await ask(), { result: 'failure', reason: 'connection closed before the response was complete' })
  t.strictSame(await ask(), { result: 'failure', reason: 'connection closed before the response was complete' })
  t.strictSame(await ask(), { result: 'failure', reason: 'the response is not HTTP' })
})

t.test('TCP: opens and closes in order', async (t) => {
  const server = createTcpServer((socket) => socket.on('data', () => {}))
  const { downlink, port, errors, peers } = await serve(t, server)
  const outcome = await tcpCheck(downlink.host, { type: 'tcp', address, port }, TIMEOUT_MS, never)
  t.strictSame(outcome, { result: 'success', reason: 'connected' })
  await downlink.quiet()
  t.strictSame(peers, [BIP])
  t.strictSame(errors, [])
})

t.test('refused, and a link that is cut', async (t) => {
  const server = createTcpServer()
  const { downlink, port } = await serve(t, server)
  server.close()
  for (const run of [tcpCheck, httpCheck]) {
    t.strictSame(await run(downlink.host, { type: 'tcp', address, port }, TIMEOUT_MS, never), {
      result: 'failure',
      reason: 'connection refused',
    })
    downlink.toBackend.isCut = true
    const abort = new AbortController()
    const outcome = run(downlink.host, { type: 'tcp', address, port }, TIMEOUT_MS, abort.signal)
    await new Promise(setImmediate)
    abort.abort()
    t.strictSame(await outcome, { result: 'failure', reason: 'not connected within 700 ms' })
    downlink.toBackend.isCut = false
  }
  t.equal(downlink.host.portsInUse, 0)
  downlink.host.close()
  t.match(await tcpCheck(downlink.host, { type: 'tcp', address, port }, TIMEOUT_MS, never), { result: 'inconclusive' })
})

t.test('UDP: a response, and a closed port', async (t) => {
  const { downlink } = await serve(t, createTcpServer())
  const echo = createSocket('udp4')
  echo.on('message', (message, { port, address }) => echo.send(message, port, address))
  echo.bind({ address: BACKEND, port: 0, exclusive: true })
  await once(echo, 'listening')
  const { port } = echo.address()
  const ask = () => udpCheck(downlink.host, { type: 'udp', address, port }, TIMEOUT_MS, never)
  t.strictSame(await ask(), { result: 'success', reason: 'answered' })
  await new Promise<void>((resolve) => echo.close(() => resolve()))
  t.strictSame(await ask(), { result: 'failure', reason: 'port unreachable' })
  t.equal(downlink.host.portsInUse, 0)
})

t.test('the checker over real HTTP: a backend fails and comes back', async (t) => {
  let status = 200
  const { downlink, port } = await serveHttp(t, (_request, response) => response.writeHead(status).end())
  let onChange = (_isHealthy: boolean, _reason: string): void => {}
  const checker = new HealthChecker({
    host: downlink.host,
    clock: monotonicClock,
    random: () => 0,
    onChange: (_spec, isHealthy, reason) => onChange(isHealthy, reason),
  })
  t.teardown(() => checker.close())
  const change = () => new Promise((resolve) => (onChange = (...what) => resolve(what)))
  const spec: CheckSpec = { type: 'http', address, port, intervalMs: 20, timeoutMs: 10_000, rise: 2, fall: 2 }
  checker.setChecks([spec])
  const failed = change()
  status = 503
  t.strictSame(await failed, [false, 'HTTP 503, expected 200-399'])
  status = 200
  t.strictSame(await change(), [true, 'HTTP 200'])
  checker.setChecks([])
  await downlink.quiet()
})
