import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBackend } from '@fivetuple/backend'
import t, { type Test } from 'tap'

async function start(t: Test): Promise<{ url: string; port: number }> {
  const server = createBackend({ name: 'b1' })
  await server.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => server.close())
  const { port } = server.server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port }
}

const sha256 = (b: Uint8Array): string => createHash('sha256').update(b).digest('hex')
const body = async (response: Response): Promise<Uint8Array> => new Uint8Array(await response.arrayBuffer())

t.test('it tells who its peer is and counts requests', async (t) => {
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

t.test('/echo gives back what it is sent, of any type and size', async (t) => {
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

t.test('/status, /delay and /stream do what they are asked', async (t) => {
  const { url } = await start(t)
  for (const code of [200, 404, 503]) t.equal((await fetch(`${url}/status/${code}`)).status, code)
  t.same(await (await fetch(`${url}/delay/1`)).json(), { delayedMs: 1 })
  const text = await (await fetch(`${url}/stream?chunks=3&interval=1`)).text()
  t.equal(text, 'chunk 1 of 3\nchunk 2 of 3\nchunk 3 of 3\n')
})

t.test('what makes no sense is answered with 400 and the range', async (t) => {
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

t.test('a client that goes away does not keep a stream or a delay running', async (t) => {
  const { port } = await start(t)
  for (const path of ['/stream?chunks=100000&interval=10', '/delay/600000', '/bytes/1000000000']) {
    await new Promise<void>((resolve) => {
      const req = request({ port, host: '127.0.0.1', path, agent: false })
      req.on('error', () => resolve())
      req.on('response', (res) => {
        res.once('data', () => req.destroy())
        res.on('error', () => {})
        res.on('close', () => resolve())
      })
      req.end(() => {
        if (path.startsWith('/delay')) req.destroy()
      })
    })
  }
  t.pass('the server closes at the end of the test, which it could not with requests under way')
})
