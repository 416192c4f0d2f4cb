import { type AddressInfo, connect, type Socket } from 'node:net'
import { createBackend } from '@fivetuple/backend'
import { encodeProxyHeader, PROXY_SIGNATURE, parseEndpoint } from '@fivetuple/packet'
import t, { type Test } from 'tap'

const CLIENT = parseEndpoint('198.51.100.7:41234')!
const HEADER = encodeProxyHeader(CLIENT, parseEndpoint('127.20.3.2:8080')!)
const LOCAL = encodeProxyHeader()
const GET = Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
const LAST = Buffer.from('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
const NAMED = { address: '198.51.100.7', port: 41_234 }

async function start(t: Test): Promise<() => Socket> {
  const server = createBackend({ name: 'b1' })
  await server.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => server.close())
  const { port } = server.server.address() as AddressInfo
  return () => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
    t.teardown(() => socket.destroy())
    return socket.setEncoding('latin1')
  }
}

async function allOf(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk
  socket.end()
  return text
}

/** The clients that the answers name, in order. */
function clientsIn(text: string): unknown[] {
  return [...text.matchAll(/^\{.*\}$/gm)].map(([json]) => (JSON.parse(json) as { client?: unknown }).client)
}

t.test('the client that a header names is shown for every request of its connection', async (t) => {
  const open = await start(t)
  const socket = open()
  socket.write(Buffer.concat([HEADER, GET, GET, LAST]))
  const text = await allOf(socket)
  t.same(clientsIn(text), [NAMED, NAMED, NAMED], 'pipelined in one piece with the header')
  t.match(text, /"peer":\{"address":"127\.0\.0\.1"/, 'its peer is shown all the same')
})

t.test('no header, LOCAL, and a family without IPv4 addresses name nobody', async (t) => {
  const open = await start(t)
  const ipv6 = Uint8Array.of(...PROXY_SIGNATURE, 0x21, 0x21, 0, 36, ...new Uint8Array(36))
  for (const head of [new Uint8Array(0), LOCAL, ipv6]) {
    const socket = open()
    socket.write(Buffer.concat([head, GET, LAST]))
    t.same(clientsIn(await allOf(socket)), [undefined, undefined])
  }
})

t.test('the result is independent of how the stream is cut', async (t) => {
  const open = await start(t)
  const bytes = Buffer.concat([HEADER, LAST])
  for (const cuts of [[1], [12], [16], [HEADER.length], [HEADER.length + 5], [...bytes.keys()].slice(1)]) {
    const socket = open()
    let from = 0
    for (const cut of [...cuts, bytes.length]) {
      await new Promise((resolve) => socket.write(bytes.subarray(from, cut), resolve))
      from = cut
    }
    t.same(clientsIn(await allOf(socket)), [NAMED], `cut at ${cuts.join()}`)
  }
})

t.test('HTTP that begins with an empty line is HTTP', async (t) => {
  const socket = (await start(t))()
  socket.write('\r\n')
  socket.write(LAST)
  t.same(clientsIn(await allOf(socket)), [undefined])
})

t.test('a client that has sent its FIN gets its response', async (t) => {
  const socket = (await start(t))()
  socket.end(Buffer.concat([HEADER, LAST]))
  t.same(clientsIn(await allOf(socket)), [NAMED])
})

t.test('a connection that begins with NUL gets its bytes back, with and without a header', async (t) => {
  const open = await start(t)
  for (const head of [Buffer.alloc(0), HEADER])
    for (const isWhole of [true, false]) {
      const sent = Buffer.concat([Buffer.from([0]), Buffer.from('GET / HTTP/1.1'), Buffer.alloc(100_000, 'x')])
      const socket = open()
      if (isWhole) socket.end(Buffer.concat([head, sent]))
      else {
        for (const byte of Buffer.concat([head, sent.subarray(0, 20)])) socket.write(Buffer.from([byte]))
        socket.end(sent.subarray(20))
      }
      t.equal(await allOf(socket), sent.toString('latin1'), `${head.length} bytes of a header, at once: ${isWhole}`)
    }
})

t.test('a malformed header ends the connection without a response', async (t) => {
  const open = await start(t)
  for (const rest of [
    [0x11, 0x11, 0, 12],
    [0x21, 0x11, 0, 3],
  ]) {
    const socket = open()
    socket.on('error', () => {}) // closed with bytes unread is reset
    socket.write(Buffer.concat([Uint8Array.of(...PROXY_SIGNATURE, ...rest), LAST]))
    t.equal(await allOf(socket).catch(() => ''), '')
  }
})

t.test('a connection that ends before its header does gets a FIN', async (t) => {
  const open = await start(t)
  for (const bytes of [new Uint8Array(0), HEADER.subarray(0, 20)]) {
    const socket = open()
    socket.end(bytes)
    t.equal(await allOf(socket), '')
  }
})

t.test('connections that wait for a header do not keep the server from closing', async (t) => {
  const server = createBackend({ name: 'b1' })
  await server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.server.address() as AddressInfo
  let accepted = 0
  const bothAccepted = new Promise<void>((resolve) => {
    server.server.on('connection', () => {
      accepted++
      if (accepted === 2) resolve()
    })
  })
  const sockets = [new Uint8Array(0), HEADER.subarray(0, 20)].map((bytes) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write(bytes)
    return socket
  })
  await bothAccepted
  const closed = sockets.map((socket) => new Promise((resolve) => socket.resume().on('close', resolve)))
  await server.close()
  await Promise.all(closed)
  t.pass('closed')
})
