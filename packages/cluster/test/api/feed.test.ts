import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { ApiClient, type ClusterControl, createApiServer, OPERATIONS } from '@fivetuple/cluster'
import t, { type Test } from 'tap'
import { ClusterEvents } from '../../dist/launcher/events/cluster-events.js'

/** A control API with a log of events and nothing else. */
async function served(t: Test, kept?: number) {
  const events = new ClusterEvents({ vips: [], kept, onEvent: () => {} })
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  const control: ClusterControl = Object.assign(JSON.parse('{}'), { events })
  const server = createApiServer({ address: '127.0.0.1', port, token: 'x', control })
  await server.listen({ host: '127.0.0.1', port })
  t.teardown(() => server.close())
  const client = new ApiClient({ api: `http://127.0.0.1:${port}`, token: 'x' }, OPERATIONS)
  /** Sends a request and returns its response when the headers have come. */
  const get = async (path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> => {
    const sent = httpRequest({
      host: '127.0.0.1',
      port,
      path,
      headers: { authorization: 'Bearer x', connection: 'close', ...headers },
    }).end()
    const [response] = await once(sent, 'response')
    return response.setEncoding('utf8')
  }
  return { events, client, get }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) text += chunk
  return text
}

const SSE = { accept: 'text/event-stream' }

t.test('events are server-sent, resumed by the last id, and end with the cluster', async (t) => {
  const { events, get } = await served(t)
  events.happened({ kind: 'stopping' })
  events.happened({ kind: 'role.ready' }, 'lb-1', 1)
  const response = await get('/v1/events', { ...SSE, 'last-event-id': '1' })
  t.match(response.headers, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const text = textOf(response)
  events.happened({ kind: 'stopped' })
  events.close()
  const [retry, second, third, ...rest] = (await text).split('\n\n')
  t.equal(retry, 'retry: 1000')
  t.match(second, /^data: \{"seq":2,"at":"[^"]+","mono":\d+,"node":"lb-1","kind":"role.ready","cause":1\}\nid: 2$/)
  t.match(third, /^data: \{"seq":3,.*"kind":"stopped"\}\nid: 3$/, 'it follows by default')
  t.same(rest, [''])
})

t.test('events are lines of JSON unless server-sent events are wanted, and do not follow', async (t) => {
  const { events, get } = await served(t)
  events.happened({ kind: 'stopping' })
  events.happened({ kind: 'role.ready' }, 'lb-1', 1)
  for (const [path, headers] of [
    ['/v1/events', {}],
    ['/v1/events?format=ndjson&follow=false', SSE],
  ] as const) {
    const response = await get(path, headers)
    t.equal(response.headers['content-type'], 'application/x-ndjson')
    const lines = (await textOf(response)).trim().split('\n')
    t.same(
      lines.map((line) => JSON.parse(line).seq),
      [1, 2],
    )
  }
  t.match(await textOf(await get('/v1/events?format=sse&follow=false&kind=role')), /\ndata: \{"seq":2/)
})

t.test('the client yields events, follows them, and ends its request when it is left', async (t) => {
  const { events, client } = await served(t)
  events.happened({ kind: 'stopping' })
  const seen: string[] = []
  const following = client.operations.events({ follow: true })
  for await (const event of following) {
    seen.push(event.kind)
    if (seen.length === 1) events.happened({ kind: 'stopped' })
    else break
  }
  t.same(seen, ['stopping', 'stopped'])
  const all = client.operations.events({ kind: ['stopped', 'role'], since: '1' })
  t.match((await all.next()).value, { seq: 2, kind: 'stopped', node: 'launcher' })
  t.match(await all.next(), { done: true })
})

t.test('a reader that does not read costs no memory, and gets a gap', async (t) => {
  const { events, get } = await served(t, 100)
  const big = {
    kind: 'warning',
    file: 'x'.repeat(2_000),
    line: 1,
    column: 1,
    path: '',
    problem: '',
    remedy: '',
  } as const
  events.happened(big)
  const response = await get('/v1/events?follow=true')
  // Far more than fits into all buffers on the way.
  for (let i = 0; i < 20_000; i++) {
    events.happened(big)
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  events.close()
  const lines = (await textOf(response))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const gaps = lines.filter(({ kind }) => kind === 'gap')
  t.ok(gaps.length > 0, `${gaps.length} gaps`)
  const missed = gaps.reduce((sum, gap) => sum + gap.missed, 0)
  t.equal(lines.length - gaps.length + missed, 20_001, 'each event is there or counted')
  t.equal(lines.at(-1).seq, 20_001)
})

t.test('invalid selections are errors with their remedy', async (t) => {
  const { client, get } = await served(t)
  const first = (parameters: object) => client.operations.events(parameters).next()
  await t.rejects(first({ since: '9' }), { status: 400, message: /since is 9, and the last event is 0/ })
  await t.rejects(first({ since: 'noon' }), { status: 400, message: /the place of an event, as 41, or a duration/ })
  await t.rejects(first({ kind: ['bgp', 'bgpp'] }), {
    status: 400,
    message: /kind 'bgpp' is unknown: there are link\.up/,
  })
  await t.rejects(first({ cause: -1 }), { status: 400, message: /querystring.cause must be >= 0/ })
  t.equal((await get('/v1/events', { ...SSE, 'last-event-id': 'x' })).statusCode, 400)
})
