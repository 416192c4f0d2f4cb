import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { type ProbeOptions, type ProbeOutcome, renderReport, runProbe, SourcePool } from '@fivetuple/client'
import t, { type Test } from 'tap'

/** Starts a server that responds like a backend, unless `listener` does otherwise. */
async function serve(t: Test, listener: RequestListener = answer): Promise<URL> {
  const server = createServer(listener).listen({ host: '127.0.0.1', port: 0, exclusive: true })
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}

const answer: RequestListener = ({ socket }, res) => {
  const peer = { address: socket.remoteAddress, port: socket.remotePort }
  res.end(JSON.stringify({ backend: 'backend-1', peer, requests: 1 }))
}

const few = { ratePerSecond: 1000, durationMs: 30, connections: 3, timeoutMs: 5_000 } satisfies Partial<ProbeOptions>

t.test('keep-alive connections take turns, each from its own address', async (t) => {
  const from = SourcePool.parse('127.0.0.8/30')!
  const report = await runProbe({ ...few, url: await serve(t), from, lbOf: new Map([['127.0.0.9', 'lb-1']]) })
  t.match(report, { completed: 30, failed: 0, unfinished: 0, errors: {}, outages: [] })
  t.match(report.flows, {
    opened: 3,
    withResponse: 3,
    translationChanges: 0,
    perBip: { '127.0.0.9': 2, '127.0.0.10': 1 },
    perLb: { 'lb-1': 2 },
  })
  t.same(
    report.flowList.map(({ responses }) => responses),
    [10, 10, 10],
  )
  for (const { local, bip, bipPort } of report.flowList) t.equal(local, `${bip}:${bipPort}`, 'without an LB they agree')
  t.equal(
    report.series.reduce((sum, { due }) => sum + due, 0),
    30,
  )
  t.ok(report.latency.min! >= report.lag.min!)
  t.match(renderReport(report), /30 completed, 0 failed/)
})

t.test('a new connection for each request', async (t) => {
  const report = await runProbe({ ...few, url: await serve(t), connections: 'new' })
  t.match(report, { completed: 30, failed: 0, flows: { opened: 30, withResponse: 30 } })
})

t.test('a response that a reset cuts short is not counted as served, and has one name', async (t) => {
  for (const head of ['connection: close\r\n', 'content-length: 900\r\n', 'transfer-encoding: chunked\r\n']) {
    const url = await serve(t, ({ socket }) => {
      const body = head.startsWith('transfer') ? '4\r\nhalf\r\n' : 'half'
      socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n${body}`, () => socket.resetAndDestroy())
    })
    for (const connections of [3, 'new'] as const) {
      const report = await runProbe({ ...few, url, connections })
      t.match(report, { completed: 0, failed: 30, errors: { ECONNRESET: 30 } }, `${head.trim()}, ${connections}`)
    }
  }
})

t.test('a response without a length that ends by FIN is whole', async (t) => {
  const url = await serve(t, ({ socket }) => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall'))
  t.match(await runProbe({ ...few, url, connections: 'new' }), { completed: 30, failed: 0 })
})

t.test('each outcome is reported when it occurs', async (t) => {
  const outcomes: ProbeOutcome[] = []
  const url = await serve(t, (req, res) => (outcomes.length === 0 ? req.socket.resetAndDestroy() : answer(req, res)))
  const report = await runProbe({ ...few, url, connections: 1, onOutcome: (outcome) => outcomes.push(outcome) })
  t.equal(outcomes.length, report.completed + report.failed)
  t.equal(outcomes.filter(({ error }) => error !== undefined).length, report.failed)
  t.equal(Math.max(...outcomes.flatMap(({ error, latencyMs }) => (error ? [] : [latencyMs]))), report.latency.max)
  t.equal(Math.max(...outcomes.map(({ dueMs }) => dueMs)), 29)
})

t.test('the count is a limit', async (t) => {
  const report = await runProbe({ ...few, url: await serve(t), countMax: 4 })
  t.match(report, { completed: 4, failed: 0, unfinished: 0 })
})

t.test('failures are counted per code', async (t) => {
  const reset = await serve(t, ({ socket }) => socket.resetAndDestroy())
  t.match(await runProbe({ ...few, url: reset }), { completed: 0, failed: 30, errors: { ECONNRESET: 30 } })
  const fin = await serve(t, ({ socket }) => socket.destroy())
  t.match(await runProbe({ ...few, url: fin }), { completed: 0, failed: 30, errors: { PEER_CLOSED: 30 } })
  const busy = await serve(t, (_, res) => res.writeHead(503).end())
  const report = await runProbe({ ...few, url: busy })
  t.match(report, { completed: 0, failed: 30, errors: { HTTP_503: 30 } })
  t.match(report.outages, [{ fromMs: 0, failed: 30 }])
  t.match(renderReport(report), /HTTP_503 30/)
})

/** A server that sends bytes as its response, then FIN or RST. */
async function serveRaw(t: Test, response: string, end: 'FIN' | 'RST'): Promise<URL> {
  const server = createTcpServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    socket.once('data', () =>
      end === 'FIN' ? socket.end(response) : socket.write(response, () => socket.resetAndDestroy()),
    )
  }).listen({ host: '127.0.0.1', port: 0, exclusive: true })
  await once(server, 'listening')
  t.teardown(() => server.close())
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}

t.test('a response is complete only by its framing, and a cut one has one name', async (t) => {
  const ok = 'HTTP/1.1 200 OK\r\n'
  const close = 'Connection: close\r\n'
  const length = 'Content-Length: 10\r\n\r\n'
  const chunks = 'Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n'
  const whole = undefined
  const rows: [what: string, response: string, atFin: string | undefined, atRst: string | undefined][] = [
    ['no length', `${ok}\r\nbody`, whole, 'ECONNRESET'],
    ['a code that is not the last', `${ok}Transfer-Encoding: gzip\r\n\r\nbody`, whole, 'ECONNRESET'],
    ['all of its length', `${ok}${length}0123456789`, whole, whole],
    ['all of its chunks', `${ok}${chunks}0\r\n\r\n`, whole, whole],
    ['no content', 'HTTP/1.1 204 No Content\r\n\r\n', whole, whole],
    ['part of its length', `${ok}${length}body`, 'PEER_CLOSED', 'ECONNRESET'],
    ['part of its length, of its last response', `${ok}${close}${length}body`, 'PEER_CLOSED', 'ECONNRESET'],
    ['part of its chunks', `${ok}${chunks}`, 'PEER_CLOSED', 'ECONNRESET'],
    ['part of its chunks, of its last response', `${ok}${close}${chunks}`, 'PEER_CLOSED', 'ECONNRESET'],
    ['part of its head', `${ok}Content-`, 'PEER_CLOSED', 'ECONNRESET'],
  ]
  // The server's close races with the next request of a connection that is kept.
  for (const [what, response, atFin, atRst] of rows)
    for (const end of ['FIN', 'RST'] as const)
      for (const connections of atRst === whole ? (['new'] as const) : ([2, 'new'] as const)) {
        const url = await serveRaw(t, response, end)
        const { completed, errors } = await runProbe({ ...few, durationMs: 10, url, connections })
        const code = end === 'FIN' ? atFin : atRst
        const expected = code === undefined ? { completed: 10, errors: {} } : { completed: 0, errors: { [code]: 10 } }
        t.same({ completed, errors }, expected, `${what}, then ${end}, connections: ${connections}`)
      }
})

t.test('a port that nobody listens on', async (t) => {
  const server = createServer().listen({ host: '127.0.0.1', port: 0, exclusive: true })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const report = await runProbe({ ...few, url: new URL(`http://127.0.0.1:${port}/`) })
  t.match(report, { completed: 0, failed: 30, errors: { ECONNREFUSED: 30 }, flows: { opened: 0 } })
})

t.test('a request without response times out, counted from its due time', async (t) => {
  const report = await runProbe({ ...few, url: await serve(t, () => {}), timeoutMs: 60 })
  t.match(report, { completed: 0, failed: 30, errors: { TIMEOUT: 30 } })
  t.ok(report.failureLatency.min! >= 60)
})

t.test('stops on request, and reports', async (t) => {
  const stop = new AbortController()
  const url = await serve(t, (_, res) => {
    res.end()
    stop.abort()
  })
  const report = await runProbe({ ...few, url, durationMs: 60_000, signal: stop.signal })
  t.equal(report.failed, 0)
  t.equal(report.unfinished, 60_000 - report.completed)
  const never = await runProbe({ ...few, url, signal: AbortSignal.abort() })
  t.match(never, { completed: 0, failed: 0, unfinished: 30 })
})
