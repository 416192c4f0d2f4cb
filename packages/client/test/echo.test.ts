import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type ProbeOptions, runProbe, type Source, type Sources } from '@fivetuple/client'
import t, { type Test } from 'tap'

const few = { ratePerSecond: 1_000, durationMs: 30, connections: 3, timeoutMs: 5_000 } satisfies Partial<ProbeOptions>

async function serveTcp(t: Test, serve: (socket: Socket) => void): Promise<URL> {
  const server = createServer({ noDelay: true }, (socket) => serve(socket.on('error', () => {})))
  server.listen({ host: '127.0.0.1', port: 0, exclusive: true })
  await once(server, 'listening')
  t.teardown(() => server.close())
  return new URL(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

async function serveUdp(t: Test, respond: (message: Buffer, number: number) => Buffer | undefined): Promise<URL> {
  const socket = createSocket('udp4')
  let number = 0
  socket.on('message', (message, { address, port }) => {
    const response = respond(message, number++)
    if (response !== undefined) socket.send(response, port, address)
  })
  socket.bind({ address: '127.0.0.1', port: 0, exclusive: true })
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  return new URL(`udp://127.0.0.1:${socket.address().port}`)
}

t.test('an echo over TCP, on connections that stay and on new ones', async (t) => {
  const url = await serveTcp(t, (socket) => socket.pipe(socket))
  for (const [connections, opened] of [
    [3, 3],
    ['new', 30],
  ] as const) {
    const report = await runProbe({ ...few, url, connections, bodyUpBytes: 200_000 })
    t.match(report, { completed: 30, failed: 0, flows: { opened, withResponse: opened } })
    t.same(report.payload, { upBytes: 30 * 200_000, downBytes: 30 * 200_000 })
  }
})

t.test('the outcomes of a TCP server that does not echo', async (t) => {
  const reset = await serveTcp(t, (socket) => socket.once('data', () => socket.resetAndDestroy()))
  t.match(await runProbe({ ...few, url: reset }), { completed: 0, errors: { ECONNRESET: 30 } })
  const closed = await serveTcp(t, (socket) => socket.once('data', () => socket.end()))
  t.match(await runProbe({ ...few, url: closed, connections: 'new' }), { completed: 0, errors: { PEER_CLOSED: 30 } })
  const other = await serveTcp(t, (socket) => socket.once('data', () => socket.write('HTTP/1.1 400 Bad Request')))
  t.match(await runProbe({ ...few, url: other }), { completed: 0, errors: { NOT_AN_ECHO: 30 } })
  const silent = await serveTcp(t, () => {})
  t.match(await runProbe({ ...few, url: silent, timeoutMs: 60 }), { completed: 0, errors: { TIMEOUT: 30 } })
  const recovering = await runProbe({
    ...few,
    connections: 1,
    url: await serveTcp(
      t,
      (() => {
        let sockets = 0
        return (socket: Socket) =>
          sockets++ === 0 ? socket.once('data', () => socket.resetAndDestroy()) : socket.pipe(socket)
      })(),
    ),
  })
  t.match(recovering, { completed: 29, failed: 1, recovery: { connections: 1, recovered: 1, unrecovered: 0 } })
})

t.test('an echo over UDP does not wait for a datagram that is lost', async (t) => {
  const url = await serveUdp(t, (message, number) => (number === 4 ? undefined : message))
  const report = await runProbe({ ...few, url, timeoutMs: 300 })
  t.match(report, { completed: 29, failed: 1, errors: { TIMEOUT: 1 }, flows: { opened: 3, withResponse: 3 } })
  t.match(report.recovery, { connections: 1, recovered: 1 })
  t.ok(report.recovery!.took.max! < 300, 'the next datagram ends the outage, before the timeout')
  t.match(await runProbe({ ...few, url, connections: 'new' }), { completed: 30, flows: { opened: 30 } })
})

t.test('duplicates and foreign datagrams are no responses', async (t) => {
  const twice = await serveUdp(t, (message) => message)
  t.match(await runProbe({ ...few, url: twice }), { completed: 30, failed: 0 })
  const foreign = await serveUdp(t, () => Buffer.from('no'))
  t.match(await runProbe({ ...few, url: foreign, timeoutMs: 60 }), { completed: 0, errors: { TIMEOUT: 30 } })
})

t.test('a UDP port without a server is refused', async (t) => {
  const socket = createSocket('udp4').bind({ address: '127.0.0.1', port: 0, exclusive: true })
  await once(socket, 'listening')
  const url = new URL(`udp://127.0.0.1:${socket.address().port}`)
  await new Promise<void>((resolve) => socket.close(() => resolve()))
  const { errors, completed } = await runProbe({ ...few, url, timeoutMs: 300 })
  t.equal(completed, 0)
  t.ok((errors.ECONNREFUSED ?? 0) > 0, JSON.stringify(errors))
})

/** Sources of one address, from a list of ports. */
function portsOf(...ports: readonly number[]): Sources {
  return { source: (_i, attempt): Source => ({ address: '127.0.0.8', port: ports[attempt % ports.length]! }) }
}

t.test('a source port that is taken is counted, and the next one is used', async (t) => {
  const holder = createServer().listen({ host: '127.0.0.8', port: 0, exclusive: true })
  const datagrams = createSocket('udp4')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  datagrams.bind({ address: '127.0.0.8', port, exclusive: true })
  await once(datagrams, 'listening')
  t.teardown(() => {
    holder.close()
    datagrams.close()
  })
  const tcp = await serveTcp(t, (socket) => socket.pipe(socket))
  const udp = await serveUdp(t, (message) => message)
  for (const url of [tcp, udp]) {
    const one = { ...few, url, connections: 1 }
    const report = await runProbe({ ...one, from: portsOf(port, 0) })
    t.match(report, { completed: 30, failed: 0, portsTaken: 1, takenList: [`127.0.0.8:${port}`] }, url.protocol)
    const none = await runProbe({ ...one, durationMs: 1, from: portsOf(port) })
    t.match(none, { completed: 0, errors: { EADDRINUSE: 1 }, portsTaken: 8 }, `${url.protocol} without a free one`)
  }
})
