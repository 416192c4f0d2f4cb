import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { pacedLoad } from '@fivetuple/bench'
import t from 'tap'

t.test('as many requests as are due, however slow the responses, with latency from the due time', async (t) => {
  const sockets = new Set<Socket>()
  const server = createServer((_request, response) => void setTimeout(() => response.end('hello'), 100))
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const edges: string[] = []
  const options = {
    host: '127.0.0.1',
    port,
    path: '/',
    warmUpMs: 200,
    measureMs: 500,
    onWindow: (edge: string) => edges.push(edge),
    signal: new AbortController().signal,
  }
  const enough = await pacedLoad(100)({ ...options, connections: 40 })
  t.strictSame(edges, ['begin', 'end'])
  t.equal(sockets.size, 40)
  t.strictSame(enough.errors, {})
  t.ok(enough.requests <= 75, `${enough.requests} of 50: no more than are due`)
  t.ok(enough.p50Ms >= 95)
  const tooFew = await pacedLoad(100)({ ...options, connections: 2 })
  t.ok(tooFew.requests <= 14, 'two connections carry twenty a second')
  t.ok(tooFew.p99Ms > 300, 'those that wait for a connection are late')
  const wrong = await pacedLoad(50)({ ...options, port: 1, connections: 1, measureMs: 50, warmUpMs: 50 })
  t.equal(wrong.requests, 0)
  t.ok(wrong.errors.ECONNREFUSED! > 0)
})
