import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { loaded, OPERATIONS, resultOf } from '@fivetuple/cluster'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { BURST, RATE_PER_S, STRANGERS_BURST, STRANGERS_RATE_PER_S } from '../../dist/api/guard.js'
import { fetchOnce, RawClient } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

t.test('the control API under abuse: the right status each time, no leaks, the cluster goes on', async (t) => {
  const cluster = await TestCluster.start(t, '127.89.0.0/16', ['--lbs', '2'])
  const { api, token } = cluster.record
  const { hostname, port } = new URL(api)
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })
  t.teardown(() => agent.destroy())
  const send = (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string | Buffer,
  ): Promise<Response> =>
    new Promise((resolve, reject) => {
      const all = { authorization: `Bearer ${token}`, ...headers }
      const req = httpRequest({ host: hostname, port, method, path, headers: all, agent }, (res) => {
        const chunks: Buffer[] = []
        res.on('data', (chunk: Buffer) => chunks.push(chunk))
        res.on('end', () =>
          resolve({ status: res.statusCode ?? 0, headers: res.headers, text: Buffer.concat(chunks).toString() }),
        )
      })
      req.on('error', reject)
      req.end(body)
    })
  const json = { 'content-type': 'application/json' }
  const cases: readonly [what: string, status: number, detail: RegExp, response: Promise<Response>][] = [
    ['wrong token', 401, /Bearer/, send('GET', '/v1/status', { authorization: 'Bearer no' })],
    ['no token', 401, /Bearer/, send('GET', '/v1/status', { authorization: '' })],
    ['wrong Host', 421, /127\.89\.0\.254:7070/, send('GET', '/v1/status', { host: 'evil.example' })],
    ['a web page', 403, /web pages/, send('GET', '/v1/status', { origin: 'http://evil.example' })],
    ['unknown path', 404, /openapi/, send('GET', '/v1/nothing')],
    ['path traversal', 404, /openapi/, send('GET', '/v1/../../etc/passwd')],
    ['wrong method', 405, /it takes PATCH/, send('GET', '/v1/vips/web')],
    ['unknown LB', 404, /there are lb-1, lb-2/, send('GET', '/v1/lbs/lb-9/vips')],
    ['unknown VIP', 404, /there are web, api/, send('PUT', '/v1/lbs/lb-1/vips/nope')],
    ['name too long', 414, /./, send('GET', `/v1/lbs/${'x'.repeat(300)}/vips`)],
    ['unknown query', 400, /querystring must not have 'x'/, send('GET', '/v1/explain?client=1.2.3.4:5&vip=web&x=1')],
    ['missing query', 400, /querystring.*client/, send('GET', '/v1/explain?vip=web')],
    ['bad endpoint', 400, /no address:port/, send('GET', '/v1/explain?client=a&vip=web')],
    ['bad number', 400, /limit.*a number from 1 to 99999/, send('GET', '/v1/lbs/all/sessions?limit=-1')],
    ['no JSON', 400, /JSON/, send('PATCH', '/v1/vips/web', json, '{')],
    ['no body', 400, /./, send('PATCH', '/v1/vips/web', json)],
    [
      'no type',
      415,
      /send 'Content-Type: application\/json'/,
      send('PATCH', '/v1/vips/web', { 'content-type': 'text/plain' }, 'policy'),
    ],
    ['unknown field', 400, /body must not have 'polcy'/, send('PATCH', '/v1/vips/web', json, '{"polcy":"random"}')],
    ['wrong value', 400, /body\.policy/, send('PATCH', '/v1/vips/web', json, '{"policy":"best"}')],
    ['wrong weight', 400, /body\.weights/, send('PATCH', '/v1/vips/web', json, '{"weights":{"backend-1":999}}')],
    ['unknown backend', 400, /no backend of web/, send('PATCH', '/v1/vips/web', json, '{"weights":{"b":1}}')],
    ['prototype', 400, /./, send('PATCH', '/v1/vips/web', json, '{"__proto__":{"x":1}}')],
    ['large body', 413, /./, send('PATCH', '/v1/vips/web', json, Buffer.alloc(100_000, ' '))],
    ['large headers', 431, /8192/, send('GET', '/v1/status', { 'x-large': 'x'.repeat(20_000) })],
  ]
  for (const [what, status, detail, pending] of cases) {
    const response = await pending
    t.equal(response.status, status, what)
    t.match(response.headers['content-type'], /^application\/problem\+json/, what)
    const problem = JSON.parse(response.text)
    t.match(problem, { type: 'about:blank', status, title: /./, detail }, what)
    t.notMatch(response.text, /node_modules|\.js:|\bat /, `${what}: no internals`)
    t.notOk(response.text.includes(token), `${what}: no token`)
  }
  t.equal((await send('GET', '/v1/vips/web')).headers.allow, 'PATCH')
  t.equal((await send('PUT', '/v1/status')).headers.allow, 'GET, HEAD')
  const head = await send('HEAD', '/v1/openapi.json')
  t.match(head, { status: 200, headers: { 'content-type': /^application\/json/, 'content-length': /^\d{5,}$/ } })
  t.equal((await send('HEAD', '/v1/nothing')).status, 404)
  for (const scheme of ['bearer', 'BEARER'])
    t.equal((await send('GET', '/v1/status', { authorization: `${scheme} ${token}` })).status, 200, scheme)
  t.match(JSON.parse((await send('GET', '/v1/status')).text), { name: 'default' }, 'it still responds')

  const garbage = connect({ host: hostname, port: Number(port) })
  const heard = new Promise<string>((resolve) => {
    let text = ''
    garbage.on('data', (chunk) => {
      text += chunk
    })
    garbage.on('close', () => resolve(text))
  })
  garbage.end('\u0000\u0001 not http at all\r\n\r\n')
  t.match(await heard, /^HTTP\/1\.1 400 /)

  // A slow machine may never reach the limits. test/api/server.test.ts reaches them, on a clock of its own.
  const startedAt = performance.now()
  const [flood, strangers] = await Promise.all([
    Promise.all(Array.from({ length: 4_000 }, () => send('GET', '/v1/lbs/lb-1/drain'))),
    Promise.all(Array.from({ length: 300 }, () => send('GET', '/v1/status', { authorization: 'Bearer no' }))),
  ])
  const elapsedS = (performance.now() - startedAt) / 1000
  for (const [responses, status, max] of [
    [flood, 200, BURST + RATE_PER_S * elapsedS],
    [strangers, 401, STRANGERS_BURST + STRANGERS_RATE_PER_S * elapsedS],
  ] as const) {
    const admitted = responses.filter((response) => response.status === status)
    const limited = responses.filter((response) => response.status === 429)
    t.equal(admitted.length + limited.length, responses.length, `each of a flood is responded to with ${status} or 429`)
    t.ok(admitted.length > 0 && admitted.length <= max, `${admitted.length} responses with ${status}, at most ${max}`)
    t.ok(limited.every(({ headers }) => headers['retry-after'] === '1'))
  }
  await until(async () => (await send('GET', '/v1/status')).status === 200, 'the operator is admitted again')
  const explained = await Promise.all(
    Array.from({ length: 1_500 }, (_, i) =>
      cluster.api.explain({ client: `127.0.0.1:${1_024 + i}`, vip: 'web', protocol: 'tcp' }),
    ),
  )
  t.ok(
    explained.every(({ route }) => route !== null),
    'the client of the package sends a request again after a 429',
  )
  t.equal((await fetchOnce(cluster.url('web'))).status, 200, 'traffic goes on')
})

async function stateOf(cluster: TestCluster, role: string): Promise<string | undefined> {
  return (await cluster.api.status()).roles.find(({ name }) => name === role)?.state
}

t.test('every operation responds according to its schema', async (t) => {
  const cluster = await TestCluster.start(t, '127.90.0.0/16', ['--lbs', '2', '--backends', '2'])
  await fetchOnce(cluster.url('web'))
  const values: Readonly<Record<string, unknown>> = {
    lb: 'lb-1',
    vip: 'web',
    backend: 'backend-1',
    role: 'lb-2',
    side: 'uplink',
    client: '127.0.0.1:5000',
    kill: ['lb-1'],
    policy: 'maglev',
    delayMs: 1,
    cpu: 0.5,
    faults: [{ kind: 'loss', rate: 0.01 }],
    neighbor: 'uplink',
    upMs: 100,
    downMs: 100,
    resource: 'ports',
  }
  const further = ['policy', 'delayMs', 'kill']
  const ajv = new Ajv2020({ strict: false })
  const check = (schema: object, value: unknown, what: string): void => {
    const isValid = ajv.compile(schema)
    t.ok(isValid(value), `${what}: ${ajv.errorsText(isValid.errors)}`)
  }
  // A paused role is resumed, a link that is down comes up, and so on, in the order of the registry.
  for (const row of OPERATIONS) {
    const { properties, required = [] }: { properties: object; required?: readonly string[] | undefined } =
      row.parameters
    const names = Object.keys(properties).filter((name) => required.includes(name) || further.includes(name))
    const parameters = Object.fromEntries(names.map((name) => [name, values[name]]))
    if (row.name === 'role.pause')
      await until(async () => (await stateOf(cluster, 'lb-2')) === 'running', 'lb-2 is back')
    if (row.name === 'route.withhold') {
      await cluster.api.faults.clear() // its muted session would advertise nothing
      await cluster.api.vip.add({ lb: 'lb-1', vip: 'web' })
    }
    if (row.name === 'role.start') await cluster.api.role.kill({ role: 'lb-2', keepStopped: true })
    const isProgress = ajv.compile(row.progress === undefined ? {} : await loaded(row.progress))
    for await (const step of cluster.client.steps(row, parameters))
      if ('result' in step) check(await loaded(row.result), step.result, row.name)
      else t.ok(isProgress(step.progress), `progress of ${row.name}: ${ajv.errorsText(isProgress.errors)}`)
  }
})

t.test('a drain streams its progress; a client that goes away ends the waiting, not the drain', async (t) => {
  const cluster = await TestCluster.start(t, '127.90.0.0/16', ['--lbs', '2', '--backends', '1'])
  const { listen } = cluster.vip('web')
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(listen)))
  for (const client of clients) client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(() => clients.every((client) => client.text.includes('"backend"')), 'all have a response')
  const onLb1 = clients.filter((client) => client.text.includes(cluster.ready.lbs[0]!.bip))
  t.ok(onLb1.length > 1, `${onLb1.length} flows are on lb-1`)

  for await (const state of cluster.api.lb.drain({ lb: 'lb-1', wait: true })) {
    t.match(state, { lb: 'lb-1', draining: true, sessions: onLb1.length })
    break
  }
  t.match(await cluster.api.lb.drainStatus({ lb: 'lb-1' }), { draining: true, sessions: onLb1.length })

  const seen: number[] = []
  for await (const { sessions } of cluster.api.lb.drain({ lb: 'lb-1', wait: true })) {
    seen.push(sessions)
    onLb1.pop()?.socket.end()
  }
  t.equal(seen[0], seen.length - 1, 'one element whenever the number of sessions changes')
  t.equal(seen.at(-1), 0, 'the last one is the result')
  const late = await resultOf(cluster.api.backend.drain({ backend: 'backend-1', wait: true, deadlineMs: 300 }))
  t.ok(late.sessions > 0 && late.elapsedMs >= 300, 'it ends at its deadline')
  for (const client of clients) client.socket.destroy()
})
