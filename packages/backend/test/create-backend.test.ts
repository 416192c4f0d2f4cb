import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createBackend, parseBackendConfig } from '@fivetuple/backend'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'

async function start(t: Test): Promise<{ server: FastifyInstance; url: string; port: number }> {
  const server = createBackend({ name: 'b1' })
  await server.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => server.close())
  const { port } = server.server.address() as AddressInfo
  return { server, url: `http://127.0.0.1:${port}`, port }
}

const sha256 = (b: Uint8Array): string => createHash('sha256').update(b).digest('hex')
const body = async (response: Response): Promise<Uint8Array> => new Uint8Array(await response.arrayBuffer())

t.test('it returns its peer and counts requests', async (t) => {
  const { url } = await start(t)
  await fetch(url)
  const answer = (await (await fetch(url)).json()) as Record<string, unknown>
  t.match(answer, { backend: 'b1', peer: { address: '127.0.0.1', port: Number }, requests: 2 })
  t.equal((await fetch(`${url}/healthz`)).status, 200)
})

t.test('/bytes is exact and the same each time', async (t) => {
  const { url } = await start(t)
  for (const length of [0, 1, 3, 65_535, 65_536, 65_537, 1_000_000]) {
    const [a, b] = await Promise.all([fetch(`${url}/bytes/${length}`), fetch(`${url}/bytes/${length}`)])
    t.equal(a.headers.get('content-length'), String(length))
    const bytes = await body(a)
    t.equal(bytes.length, length)
    t.equal(sha256(bytes), sha256(await body(b)))
  }
  const long = await body(await fetch(`${url}/bytes/200000`))
  const short = await body(await fetch(`${url}/bytes/100000`))
  t.equal(sha256(long.subarray(0, 100_000)), sha256(short), 'a shorter one is the beginning of a longer one')
  t.not(sha256(long.subarray(0, 65_536)), sha256(long.subarray(65_536, 131_072)), 'its blocks differ')
  const head = await fetch(`${url}/bytes/5000`, { method: 'HEAD' })
  t.equal(head.headers.get('content-length'), '5000')
})

t.test('/echo returns bodies of any type and size', async (t) => {
  const { url } = await start(t)
  for (const [length, type] of [
    [0, 'text/plain'],
    [10, 'application/json'],
    [5_000_000, 'application/octet-stream'],
  ] as const) {
    const sent = randomBytes(length)
    const response = await fetch(`${url}/echo`, { method: 'POST', body: sent, headers: { 'content-type': type } })
    t.equal(response.status, 200)
    t.equal(response.headers.get('content-type'), type)
    t.equal(sha256(await body(response)), sha256(sent))
  }
})

t.test('/sink takes bodies of any size and counts them', async (t) => {
  const { url } = await start(t)
  for (const length of [0, 10, 5_000_000]) {
    const response = await fetch(`${url}/sink`, { method: 'POST', body: randomBytes(length) })
    t.same(await response.json(), { bytes: length })
  }
})

t.test('a body up and a body of another size down', async (t) => {
  const { url } = await start(t)
  for (const up of [0, 10, 5_000_000]) {
    const response = await fetch(`${url}/bytes/70000`, { method: 'POST', body: randomBytes(up) })
    t.equal(response.status, 200)
    t.equal((await body(response)).length, 70_000)
  }
  t.equal((await fetch(`${url}/bytes/5`, { method: 'POST' })).status, 200, 'without a body')
})

t.test('responses without a report name backend and peer in headers', async (t) => {
  const { url } = await start(t)
  for (const [path, method] of [
    ['/bytes/9', 'GET'],
    ['/bytes/9', 'HEAD'],
    ['/echo', 'POST'],
    ['/sink', 'POST'],
  ] as const) {
    const { headers } = await fetch(url + path, { method, ...(method === 'POST' && { body: 'x' }) })
    t.equal(headers.get('x-backend'), 'b1', `${method} ${path}`)
    t.match(headers.get('x-peer'), /^127\.0\.0\.1:\d+$/)
  }
})

t.test('/status, /delay and /stream', async (t) => {
  const { url } = await start(t)
  for (const code of [200, 404, 503]) t.equal((await fetch(`${url}/status/${code}`)).status, code)
  for (const code of [204, 304])
    for (const method of ['GET', 'HEAD']) {
      const response = await fetch(`${url}/status/${code}`, { method })
      t.match(
        { status: response.status, length: response.headers.get('content-length') },
        { status: code, length: null },
      )
    }
  t.same(await (await fetch(`${url}/delay/1`)).json(), { delayedMs: 1 })
  const text = await (await fetch(`${url}/stream?chunks=3&interval=1`)).text()
  t.equal(text, 'chunk 1 of 3\nchunk 2 of 3\nchunk 3 of 3\n')
})

t.test('numbers out of range get 400 with the range', async (t) => {
  const { url } = await start(t)
  for (const path of [
    '/bytes/-1',
    '/bytes/x',
    '/bytes/99999999999999',
    '/delay/1e3',
    '/status/99',
    '/stream?chunks=x',
  ]) {
    const response = await fetch(`${url}${path}`)
    t.equal(response.status, 400, path)
    t.match(((await response.json()) as { message: string }).message, /a whole number from/)
  }
})

t.test('when a client closes, work for it stops', async (t) => {
  const { server, port } = await start(t)
  for (const path of ['/stream?chunks=100000&interval=60000', '/delay/600000', '/bytes/10000000000']) {
    const arrived = once(server.server, 'request') as Promise<[IncomingMessage, ServerResponse]>
    const client = connect(port, '127.0.0.1')
    client.on('error', () => {})
    client.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)
    const [, response] = await arrived
    if (!path.startsWith('/delay')) await once(client, 'data')
    client.resetAndDestroy()
    await once(response, 'close')
    t.not(response.writableFinished, true, path)
  }
})

t.test('many requests on one connection leave nothing behind on it', async (t) => {
  const { server, port } = await start(t)
  const client = connect(port, '127.0.0.1')
  t.teardown(() => client.destroy())
  const [socket] = (await once(server.server, 'connection')) as [Socket]
  const listeners = socket.listenerCount('close')
  const paths = Array.from(
    { length: 30 },
    (_, i) => ['/delay/1', '/status/200', '/bytes/100', '/stream?interval=0'][i % 4],
  )
  client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`).join(''))
  client.write('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  let text = ''
  for await (const chunk of client.setEncoding('latin1')) text += chunk
  t.equal(text.match(/HTTP\/1\.1 200 OK/g)?.length, 31, 'pipelined requests are all answered')
  t.match(text.slice(-20), /"status":"ok"/, 'in order')
  t.ok(socket.listenerCount('close') <= listeners + 1)
})

t.test('/echo sends back before the whole body is there', async (t) => {
  const { port } = await start(t)
  const client = connect(port, '127.0.0.1')
  t.teardown(() => client.destroy())
  client.setEncoding('latin1')
  client.write('POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n')
  let text = ''
  for await (const chunk of client) {
    text += chunk
    if (text.includes('first') && !text.includes('second') && !client.writableEnded)
      client.end('6\r\nsecond\r\n0\r\n\r\n')
    if (text.endsWith('0\r\n\r\n')) break
  }
  t.match(text, /5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n$/)
})

t.test('a configuration is checked, all of it', async (t) => {
  const config = { name: 'b1', address: '127.0.0.1', port: 8080, logLevel: 'warn' }
  t.same(parseBackendConfig(config), config)
  t.throws(() => parseBackendConfig(null), /name is missing.*address is missing.*port is missing.*logLevel is missing/)
  t.throws(() => parseBackendConfig({ ...config, port: Number('80a') }), /port is null: it must be a whole number/)
  t.throws(
    () => parseBackendConfig({ ...config, address: 'localhost' }),
    /address is "localhost": it must be an IPv4 address/,
  )
  t.throws(() => parseBackendConfig({ ...config, logLevel: 'loud' }), /it must be one of silent/)
})
