import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { clusterClient } from '@fivetuple/cluster'
import t, { type Test } from 'tap'

interface Asked {
  readonly method: string
  readonly path: string
  body: string
  readonly atMs: number
}

interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body: object
}

const TOO_MANY = (retryAfter: string): Answer => ({
  status: 429,
  headers: { 'retry-after': retryAfter },
  body: { detail: 'too many requests' },
})

/** A control API that gives prepared answers, the last one for ever, and keeps what it was asked. */
async function answering(t: Test, ...answers: readonly [Answer, ...Answer[]]) {
  const asked: Asked[] = []
  let connections = 0
  const server = createServer(async (request, response) => {
    const { status, headers, body } = answers[Math.min(asked.length, answers.length - 1)]!
    const question: Asked = { method: request.method!, path: request.url!, body: '', atMs: performance.now() }
    asked.push(question)
    question.body = await text(request)
    response.writeHead(status, headers).end(JSON.stringify(body))
  })
  server.on('connection', () => connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    api: clusterClient({ api: `http://127.0.0.1:${port}`, token: 'x' }).operations,
    asked,
    connections: () => connections,
  }
}

t.test('a request that was too much is sent again, whole', async (t) => {
  const { api, asked } = await answering(t, TOO_MANY('0'), TOO_MANY('soon'), { status: 200, body: { name: 'web' } })
  t.match(await api.vip.set({ vip: 'web', policy: 'maglev' }), { name: 'web' })
  t.match(asked, new Array(3).fill({ method: 'PATCH', path: '/v1/vips/web', body: '{"policy":"maglev"}' }))
})

t.test('it waits as long as the response requests', async (t) => {
  const { api, asked } = await answering(t, TOO_MANY('1'), { status: 200, body: {} })
  await api.status()
  t.ok(asked[1]!.atMs - asked[0]!.atMs >= 990, `${asked[1]!.atMs - asked[0]!.atMs} ms`)
})

t.test('after five retries it rejects with the reason', async (t) => {
  const { api, asked } = await answering(t, TOO_MANY('0'))
  await t.rejects(api.status(), { message: 'too many requests' })
  t.equal(asked.length, 6)
})

t.test('other errors are not repeated', async (t) => {
  const { api, asked } = await answering(t, {
    status: 503,
    headers: { 'retry-after': '0' },
    body: { detail: 'broken' },
  })
  await t.rejects(api.status(), { message: 'broken' })
  t.equal(asked.length, 1)
})

t.test('a thousand requests side by side share a few connections', async (t) => {
  const { api, asked, connections } = await answering(t, { status: 200, body: {} })
  await Promise.all(Array.from({ length: 1_000 }, () => api.status()))
  t.equal(asked.length, 1_000)
  t.ok(connections() <= 16, `${connections()} connections`)
})

t.test('a cluster that is gone is reported as such', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  const { operations: api } = clusterClient({ api: `http://127.0.0.1:${port}`, token: 'x' })
  await t.rejects(api.status(), { message: /does not respond \(.*\): is it still running\?/ })
})

t.test('so is one that goes in the middle of a response', async (t) => {
  const server = createServer((request, response) => {
    response.write('{"progress":{"atMs":0,"step":"restarting","lb":"lb-1","sessions":0}}\n{', () =>
      request.socket.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const { operations: api } = clusterClient({ api: `http://127.0.0.1:${port}`, token: 'x' })
  await t.rejects(api.role.kill({ role: 'lb-1' }), { message: /does not respond \(.*\): is it still running\?/ })
  const restarted = async () => {
    for await (const { step } of api.lb.rollingRestart()) t.equal(step, 'restarting')
  }
  await t.rejects(restarted(), { message: /does not respond \(.*\): is it still running\?/ })
})

t.test('a request whose connection was closed is repeated once; one that changes something is not', async (t) => {
  let closed = 0
  const server = createServer((request, response) => {
    if (closed++ === 0 || request.method !== 'GET') request.socket.destroy()
    else response.end(JSON.stringify({ name: 'web' }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const client = clusterClient({ api: `http://127.0.0.1:${port}`, token: 'x' })
  t.same(await client.request('GET', '/v1/status'), { name: 'web' })
  t.equal(closed, 2)
  await t.rejects(client.request('POST', '/v1/roles/lb-1/kill'), /does not respond .*is it still running/)
  t.equal(closed, 3)
})
