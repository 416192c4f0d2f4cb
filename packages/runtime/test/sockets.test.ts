import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import {
  netSockets,
  type StreamListener,
  type StreamSocket,
  type StreamSocketHandlers,
  type StreamSockets,
  uvSockets,
} from '@fivetuple/runtime'
import t, { type Test } from 'tap'

const HERE = '127.43.2.1'
const THERE = '127.43.2.2'

/** One end that takes note of what it hears. */
class End implements StreamSocketHandlers {
  readonly heard: string[] = []
  readonly #hash = createHash('sha256')
  readonly #buffer = new Uint8Array(30_000)
  bytes = 0
  written = 0

  onOpen(): void {
    this.heard.push('open')
  }

  onRead(b: Uint8Array, length: number): void {
    this.bytes += length
    this.#hash.update(b.subarray(0, length))
  }

  nextBuffer(): Uint8Array {
    return this.#buffer
  }

  onReadEnd(): void {
    this.heard.push('end')
  }

  onWritten(bytes: number): void {
    this.written += bytes
  }

  onClose(error: string | undefined): void {
    this.heard.push(error === undefined ? 'closed' : `closed ${error}`)
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }
}

async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error(`never: ${condition}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const sha256 = (b: Uint8Array): string => createHash('sha256').update(b).digest('hex')

/** A server of ours and a client of node:net's. */
async function accepted(t: Test, sockets: StreamSockets, port: number) {
  const ours: { socket: StreamSocket; end: End }[] = []
  const listener: StreamListener = await sockets.listen({
    address: HERE,
    port,
    onConnection: (socket) => {
      const end = new End()
      ours.push({ socket, end })
      socket.start(end)
    },
  })
  t.teardown(() => listener.close())
  const client = connect({ host: HERE, port, localAddress: THERE, allowHalfOpen: true })
  t.teardown(() => client.destroy())
  const errors: string[] = []
  client.on('error', ({ code }: NodeJS.ErrnoException) => errors.push(code ?? ''))
  await until(() => ours.length === 1)
  return { listener, client, errors, ...ours[0]! }
}

/** A server of node:net's and a client of ours. */
async function dialled(t: Test, sockets: StreamSockets, port: number) {
  const peers: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => peers.push(socket.on('error', () => {})))
  server.listen({ host: HERE, port, exclusive: true })
  await once(server, 'listening')
  t.teardown(() => {
    for (const peer of peers) peer.destroy()
    server.close()
  })
  const end = new End()
  const socket = sockets.dial({ address: HERE, port, localAddress: THERE, localPort: port + 1000 })
  socket.start(end)
  await until(() => peers.length === 1 && end.heard.includes('open'))
  return { peer: peers[0]!, end, socket }
}

const implementations: Record<string, StreamSockets | undefined> = { uv: uvSockets(), net: netSockets() }
let port = 4900

for (const [name, found] of Object.entries(implementations)) {
  t.test(name, { skip: found === undefined && 'this Node.js does not have them' }, async (t) => {
    const sockets = found!

    await t.test('an accepted socket knows its peer, and both ends finish in order', async (t) => {
      const { client, socket, end } = await accepted(t, sockets, port++)
      t.equal(socket.remoteAddress, THERE)
      t.equal(socket.remotePort, client.localPort)
      const chunks: Buffer[] = []
      client.on('data', (chunk) => chunks.push(chunk))
      client.end('question')
      await until(() => end.heard.includes('end'))
      t.equal(end.bytes, 8)
      t.ok(socket.write(Buffer.from('answer, ')))
      t.type(socket.writev([Buffer.from('in '), Buffer.from('pieces')]), 'boolean')
      socket.end()
      await until(() => end.heard.includes('closed'))
      await until(() => client.closed)
      t.equal(Buffer.concat(chunks).toString(), 'answer, in pieces')
      t.same(end.heard, ['end', 'closed'])
    })

    await t.test('a dialled socket comes from where it is told to', async (t) => {
      const { peer, socket, end } = await dialled(t, sockets, port++)
      t.equal(peer.remoteAddress, THERE)
      t.equal(peer.remotePort, port - 1 + 1000)
      socket.write(Buffer.from('hello'))
      socket.end()
      const chunks: Buffer[] = []
      peer.on('data', (chunk) => chunks.push(chunk))
      await once(peer, 'end')
      t.equal(Buffer.concat(chunks).toString(), 'hello')
      peer.end('bye')
      await until(() => end.heard.includes('closed'))
      t.equal(end.bytes, 3)
    })

    await t.test('what the kernel does not take at once is told when it has, and arrives whole', async (t) => {
      const { client, socket, end } = await accepted(t, sockets, port++)
      client.pause()
      const sent: Buffer[] = []
      let pending = 0
      while (pending < 3_000_000) {
        const chunk = randomBytes(200_000)
        sent.push(chunk)
        if (!socket.write(chunk)) pending += chunk.length
        await new Promise(setImmediate)
      }
      t.equal(socket.pendingBytes, pending - end.written)
      socket.end()
      const chunks: Buffer[] = []
      client.on('data', (chunk) => chunks.push(chunk))
      client.resume()
      await once(client, 'end')
      t.equal(sha256(Buffer.concat(chunks)), sha256(Buffer.concat(sent)))
      await until(() => socket.pendingBytes === 0)
      t.equal(end.written, pending)
    })

    await t.test('a paused socket reads nothing until it is resumed', async (t) => {
      const { client, socket, end } = await accepted(t, sockets, port++)
      socket.pause()
      const sent = randomBytes(8_000_000)
      client.end(sent)
      await new Promise((resolve) => setTimeout(resolve, 20))
      const before = end.bytes
      t.ok(before < sent.length)
      socket.resume()
      await until(() => end.heard.includes('end'))
      t.equal(end.digest(), sha256(sent))
    })

    await t.test('a reset goes out, and is heard when it comes in', async (t) => {
      const first = await accepted(t, sockets, port++)
      first.socket.reset()
      await until(() => first.errors.length > 0)
      t.same(first.errors, ['ECONNRESET'])
      await until(() => first.end.heard.length > 0)
      t.same(first.end.heard, ['closed'])
      const second = await accepted(t, sockets, port++)
      second.client.resetAndDestroy()
      await until(() => second.end.heard.length > 0)
      t.same(second.end.heard, ['closed ECONNRESET'])
      t.ok(second.socket.write(Buffer.from('into the void')), 'no trouble')
      second.socket.end()
      second.socket.pause()
      second.socket.resume()
      second.socket.reset()
      second.socket.destroy()
    })

    await t.test('a reset right behind FIN goes out, and closes', async (t) => {
      const { client, socket, end, errors } = await accepted(t, sockets, port++)
      client.resume()
      socket.write(Buffer.from('bye'))
      socket.end()
      socket.reset()
      await until(() => end.heard.length > 0)
      t.same(end.heard, ['closed'])
      await until(() => client.readableEnded || errors.length > 0)
    })

    await t.test('a reset while FIN waits behind what a slow reader has not taken closes, too', async (t) => {
      const { client, socket, end } = await accepted(t, sockets, port++)
      client.pause()
      t.notOk(socket.write(randomBytes(16_000_000)))
      socket.end()
      socket.reset()
      await until(() => end.heard.length > 0)
      t.same(end.heard, ['closed'])
      t.equal(socket.pendingBytes, 0)
    })

    await t.test('FIN comes behind what a slow reader has not taken', async (t) => {
      for (const isFirst of [true, false]) {
        const { client, socket, end } = await accepted(t, sockets, port++)
        const sent = randomBytes(16_000_000)
        client.pause()
        if (isFirst) client.end('question')
        if (isFirst) await until(() => end.heard.includes('end'))
        t.notOk(socket.write(sent))
        socket.end()
        const chunks: Buffer[] = []
        client.on('data', (chunk) => chunks.push(chunk))
        client.resume()
        await once(client, 'end')
        t.equal(sha256(Buffer.concat(chunks)), sha256(sent))
        client.end()
        await until(() => end.heard.includes('closed'))
        t.same(end.heard, ['end', 'closed'])
      }
    })

    await t.test('a reset behind bytes that are not read yet is no FIN', async (t) => {
      const { client, socket, end } = await accepted(t, sockets, port++)
      socket.pause()
      client.write('half')
      await new Promise((resolve) => setTimeout(resolve, 10))
      client.resetAndDestroy()
      await new Promise((resolve) => setTimeout(resolve, 10))
      socket.resume()
      await until(() => end.heard.length > 0)
      t.same(end.heard, ['closed ECONNRESET'])
      if (name === 'uv') t.equal(end.bytes, 4) // node:net has read them ahead, and drops them for the error
    })

    await t.test('a reset behind bytes is no FIN once our own FIN has gone, and FIN is no reset', async (t) => {
      for (const isPaused of [false, true])
        for (const isReset of [true, false]) {
          const { client, socket, end } = await accepted(t, sockets, port++)
          socket.end()
          client.resume()
          await once(client, 'end')
          if (isPaused) socket.pause()
          client.write('half')
          if (isReset) client.resetAndDestroy()
          else client.end()
          if (isPaused) await once(client, isReset ? 'close' : 'finish')
          if (isPaused) socket.resume()
          await until(() => end.heard.some((what) => what.startsWith('closed')))
          t.same(end.heard, isReset ? ['closed ECONNRESET'] : ['end', 'closed'], `paused: ${isPaused}`)
          t.equal(end.bytes, 4)
        }
    })

    await t.test('a reset is noticed by a socket that is not being read', async (t) => {
      for (const isEnded of [false, true]) {
        const { client, socket, end } = await accepted(t, sockets, port++)
        const spared = await accepted(t, sockets, port++)
        if (isEnded) client.end()
        if (isEnded) await until(() => end.heard.includes('end'))
        else socket.pause()
        spared.socket.pause()
        client.resetAndDestroy()
        await until(() => end.heard.some((what) => what.startsWith('closed')))
        t.equal(end.heard.at(-1), 'closed ECONNRESET')
        t.same(spared.end.heard, [], 'only that one')
        spared.socket.destroy()
      }
    })

    await t.test('an accepted socket may be started later, even when it is closed by then', async (t) => {
      const kept: StreamSocket[] = []
      const listener = await sockets.listen({ address: HERE, port, onConnection: (socket) => kept.push(socket) })
      t.teardown(() => listener.close())
      const client = connect({ host: HERE, port: port++, localAddress: THERE, allowHalfOpen: true })
      client.write('early')
      await until(() => kept.length === 1)
      const first = new End()
      kept[0]!.start(first)
      await until(() => first.bytes === 5)
      client.resetAndDestroy()
      const second = connect({ host: HERE, port: port - 1, localAddress: THERE })
      await until(() => kept.length === 2)
      second.resetAndDestroy()
      await once(second, 'close')
      await new Promise((resolve) => setTimeout(resolve, 10)) // node:net notices by itself, libuv's handle does not
      const late = new End()
      kept[1]!.start(late)
      await until(() => late.heard.length > 0)
      t.same(late.heard, ['closed ECONNRESET'])
    })

    await t.test('nobody listens', async (t) => {
      const end = new End()
      sockets.dial({ address: HERE, port: 4999, localAddress: THERE }).start(end)
      await until(() => end.heard.length > 0)
      t.same(end.heard, ['closed ECONNREFUSED'])
    })

    await t.test('the local address is in use, or none of ours', async (t) => {
      const { socket } = await dialled(t, sockets, port++)
      t.ok(socket)
      for (const [localAddress, code] of [
        [THERE, 'EADDRINUSE'],
        ['203.0.113.1', 'EADDRNOTAVAIL'],
      ] as const) {
        const end = new End()
        sockets.dial({ address: HERE, port: port - 1, localAddress, localPort: port - 1 + 1000 }).start(end)
        await until(() => end.heard.length > 0)
        t.match(end.heard, [/^closed EADDR(INUSE|NOTAVAIL)$/], code)
      }
    })

    await t.test('a socket that is destroyed while it is dialled says so once', async (t) => {
      const { end } = await dialled(t, sockets, port++)
      t.same(end.heard, ['open'])
      const another = new End()
      const socket = sockets.dial({ address: HERE, port: port - 1, localAddress: THERE })
      socket.start(another)
      socket.destroy()
      await until(() => another.heard.length > 0)
      t.same(another.heard, ['closed'])
    })

    await t.test('two do not listen at one address; one closed, the next may', async (t) => {
      const { listener } = await accepted(t, sockets, port++)
      const again = { address: HERE, port: port - 1, onConnection: (socket: StreamSocket) => socket.destroy() }
      await t.rejects(sockets.listen(again), { code: 'EADDRINUSE' })
      await listener.close()
      const second = await sockets.listen(again)
      await second.close()
      await t.rejects(sockets.listen({ ...again, address: '203.0.113.1' }), { code: 'EADDRNOTAVAIL' })
    })
  })
}
