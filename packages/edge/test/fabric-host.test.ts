import { FabricHost } from '@fivetuple/edge'
import {
  ICMP_ERROR_MAX_BYTES,
  IcmpType,
  ipv4Ttl,
  TcpFlag,
  tcpFlags,
  UnreachableCode,
  writeIcmpError,
} from '@fivetuple/packet'
import { monotonicClock } from '@fivetuple/runtime'
import { tcpOptions } from '@fivetuple/tcp'
import t from 'tap'
import { BACKEND, BIP, CountedOutput, FIRST_PORT, LAST_PORT, Rig, record } from './rig.js'

const flagsOf = (packets: readonly Uint8Array[]) => packets.map((b) => tcpFlags(b, 20))
const hasReset = (packets: readonly Uint8Array[]) => flagsOf(packets).some((flags) => flags & TcpFlag.RST)

t.test('bytes and both ends go through, one direction after the other', async (t) => {
  const rig = new Rig()
  const { socket, log, peer } = await rig.open()
  t.equal(ipv4Ttl(rig.toPeer.log[0]!, 0), 64)
  t.strictSame(log, ['connect'])
  const got: string[] = []
  socket.on('data', (chunk) => got.push(String(chunk)))
  socket.end('question')
  await rig.pass(10)
  t.equal(peer.text, 'question')
  t.strictSame(peer.events, ['connected', 'end'])
  peer.send(Buffer.from('answer, after the end of the question'))
  await rig.pass(10)
  t.strictSame(got, ['answer, after the end of the question'])
  t.notOk(socket.destroyed, 'half-open')
  peer.end()
  await rig.pass(10)
  t.strictSame(log, ['connect', 'finish', 'end', 'close'])
  t.equal(rig.host.portsInUse, 1, 'the port is kept through TIME-WAIT')
  await rig.pass(1_000)
  t.equal(rig.host.portsInUse, 0)
  t.equal(rig.edge.flowCount, 0)
  t.notOk(hasReset([...rig.toPeer.log, ...rig.toHost.log]))
})

t.test('a refused connection', async (t) => {
  const rig = new Rig()
  rig.onSyn = 'refuse'
  const { socket, log } = await rig.open()
  t.strictSame(log, ['ECONNREFUSED', 'close'])
  t.match(socket.errored, { message: 'connect ECONNREFUSED 127.20.3.1:8080', syscall: 'connect' })
  t.equal(rig.host.portsInUse, 0)
})

t.test('a connection that nobody answers', async (t) => {
  const rig = new Rig({ giveUpMs: 3_000 })
  rig.onSyn = 'ignore'
  const { log } = await rig.open()
  await rig.pass(2_900)
  t.strictSame(log, [])
  await rig.pass(200)
  t.strictSame(log, ['ETIMEDOUT', 'close'])
  t.equal(rig.host.portsInUse, 0)
})

t.test('a peer that resets', async (t) => {
  const rig = new Rig()
  const { log, peer } = await rig.open()
  peer.reset()
  await rig.pass(10)
  t.strictSame(log, ['connect', 'ECONNRESET', 'close'])
  t.equal(rig.host.portsInUse, 0)
})

t.test('no carrier', async (t) => {
  const rig = new Rig({}, { isUp: () => false })
  const { log } = await rig.open()
  t.strictSame(log, ['EHOSTUNREACH', 'close'])
  t.equal(rig.host.portsInUse, 0)
  const channel = rig.host.openDatagram({ address: BACKEND, port: 53, onMessage: () => {}, onUnreachable: () => {} })
  t.equal(channel?.send(new Uint8Array(1)), false)
})

for (const [code, expected] of [
  [UnreachableCode.HOST, 'EHOSTUNREACH'],
  [UnreachableCode.PORT, 'ECONNREFUSED'],
] as const)
  t.test(`ICMP unreachable, code ${code}, in answer to the SYN`, async (t) => {
    const rig = new Rig()
    rig.onSyn = 'ignore'
    const { log } = await rig.open()
    const error = new Uint8Array(ICMP_ERROR_MAX_BYTES)
    const { DESTINATION_UNREACHABLE } = IcmpType
    const length = writeIcmpError(error, 0, DESTINATION_UNREACHABLE, code, BACKEND, rig.toPeer.log[0]!, 0)
    rig.host.receive(error, 0, length, rig.clock.now)
    await rig.pass(1)
    t.strictSame(log, [expected, 'close'])
    t.equal(rig.host.portsInUse, 0)
  })

t.test('a signal resets in any state', async (t) => {
  t.test('before anything', async (t) => {
    const rig = new Rig()
    const socket = rig.host.connect({ address: BACKEND, port: 8080, signal: AbortSignal.abort() })
    const log = record(socket)
    await rig.pass(10)
    t.equal(socket.errored?.name, 'AbortError')
    t.equal(log.at(-1), 'close')
    t.equal(rig.host.portsInUse, 0)
  })
  t.test('before the SYN is answered', async (t) => {
    const rig = new Rig()
    rig.onSyn = 'ignore'
    const abort = new AbortController()
    const log = record(rig.host.connect({ address: BACKEND, port: 8080, signal: abort.signal }))
    await rig.pass(10)
    abort.abort(new RangeError('too late'))
    await rig.pass(10)
    t.strictSame(log, ['RangeError', 'close'])
    t.equal(rig.host.portsInUse, 0)
  })
  t.test('while connected, and when only the stream is closed', async (t) => {
    for (const closesFirst of [false, true]) {
      const rig = new Rig()
      const abort = new AbortController()
      const socket = rig.host.connect({ address: BACKEND, port: 8080, signal: abort.signal })
      record(socket)
      await rig.pass(10)
      if (closesFirst) socket.destroy()
      abort.abort()
      await rig.pass(10)
      t.equal(rig.peers[0]!.events.includes('reset'), true)
      t.equal(rig.host.portsInUse, 0)
    }
  })
})

t.test('destroy() closes as a kernel does', async (t) => {
  t.test('FIN when nothing is unread', async (t) => {
    const rig = new Rig()
    const { socket, peer } = await rig.open()
    socket.write('last words')
    socket.destroy()
    await rig.pass(10)
    t.equal(peer.text, 'last words')
    t.strictSame(peer.events, ['connected', 'end'])
    peer.end()
    await rig.pass(1_000)
    t.strictSame(peer.events, ['connected', 'end', 'closed'])
    t.equal(rig.host.portsInUse, 0)
  })
  t.test('RST when something is unread', async (t) => {
    const rig = new Rig()
    const { socket, peer } = await rig.open()
    peer.send(Buffer.from('unheard'))
    await rig.pass(10)
    socket.destroy()
    await rig.pass(10)
    t.strictSame(peer.events, ['connected', 'reset', 'closed'])
  })
  t.test('RST when more comes', async (t) => {
    const rig = new Rig()
    const { socket, peer } = await rig.open()
    socket.destroy()
    await rig.pass(10)
    peer.send(Buffer.from('unheard'))
    await rig.pass(10)
    t.strictSame(peer.events, ['connected', 'end', 'reset', 'closed'])
    t.equal(rig.host.portsInUse, 0)
  })
  t.test('RST when the peer stays open for too long', async (t) => {
    const rig = new Rig()
    const { socket, peer } = await rig.open()
    socket.destroy()
    await rig.pass(1_900)
    t.equal(rig.host.portsInUse, 1)
    await rig.pass(200)
    t.equal(rig.host.portsInUse, 0)
    t.strictSame(peer.events, ['connected', 'end', 'reset', 'closed'])
  })
})

t.test('a slow reader here stops the peer', async (t) => {
  const rig = new Rig({ windowBytes: 32 * 1024 })
  const { socket, peer } = await rig.open()
  const sent = new Uint8Array(400_000).map((_, i) => i % 251)
  peer.send(sent)
  await rig.pass(1_000)
  t.equal(peer.flow.endpoint.sendBuffered > 300_000, true, 'no more than window and stream buffer have left')
  const got: Buffer[] = []
  socket.on('data', (chunk) => got.push(chunk))
  await rig.pass(5_000)
  t.ok(Buffer.concat(got).equals(sent))
  t.equal(peer.flow.endpoint.sendBuffered, 0)
})

t.test('a slow reader there stops the writer', async (t) => {
  const rig = new Rig({ windowBytes: 32 * 1024, sendBufferBytes: 32 * 1024 })
  const { socket, log, peer } = await rig.open()
  peer.takes = false
  const size = 16_384
  let written = 0
  while (socket.writableLength < 3 * size) {
    const chunk = new Uint8Array(size).fill(5)
    socket.write(chunk, () => chunk.fill(6)) // once it is called the buffer is the writer's again
    written += size
    await rig.pass(5)
  }
  t.equal(written <= 10 * size, true)
  t.equal(log.includes('drain'), false)
  for (let taken = 0; taken < written; ) {
    const bytes = peer.received.length - taken
    peer.take(bytes)
    taken += bytes
    await rig.pass(500)
  }
  t.equal(log.includes('drain'), true)
  t.equal(peer.received.length, written)
  t.ok(
    peer.received.every((byte) => byte === 5),
    'not what the writer made of its buffer later',
  )
  socket.resetAndDestroy()
})

t.test('an output that is full holds data back until it has room', async (t) => {
  const rig = new Rig()
  const { socket, peer } = await rig.open()
  rig.toPeer.blocked = true
  socket.write('later')
  await rig.pass(100)
  t.equal(peer.text, '')
  rig.toPeer.blocked = false
  rig.host.unblocked()
  await rig.pass(5)
  t.equal(peer.text, 'later')
  socket.resetAndDestroy()
})

t.test('source ports: bounded, and each rests before it is used again', async (t) => {
  const rig = new Rig()
  const count = LAST_PORT - FIRST_PORT + 1
  const sockets = Array.from({ length: count }, () => rig.host.connect({ address: BACKEND, port: 8080 }))
  const over = record(rig.host.connect({ address: BACKEND, port: 8080 }))
  await rig.pass(10)
  t.strictSame(over, ['EADDRNOTAVAIL', 'close'])
  t.equal(
    rig.host.openDatagram({ address: BACKEND, port: 53, onMessage: () => {}, onUnreachable: () => {} }),
    undefined,
  )
  for (const socket of sockets) socket.resetAndDestroy()
  await rig.pass(10)
  const used: number[] = []
  for (let i = 0; i < count + 2; i++) {
    const { socket, peer } = await rig.open()
    used.push(peer.flow.remotePort - FIRST_PORT)
    socket.resetAndDestroy()
  }
  t.strictSame(used, [0, 1, 2, 3, 4, 5, 6, 7, 0, 1])
  t.equal(rig.host.owns(FIRST_PORT - 1), false)
  t.equal(rig.host.owns(FIRST_PORT), true)
  t.equal(rig.host.owns(LAST_PORT), true)
  t.equal(rig.host.owns(LAST_PORT + 1), false)
})

t.test('a thousand connections leave nothing', async (t) => {
  const rig = new Rig({ timeWaitMs: 20 })
  for (let i = 0; i < 1_000; i++) {
    const { socket, peer } = await rig.open()
    socket.resume()
    if (i % 3 === 0) socket.resetAndDestroy()
    else if (i % 3 === 1) socket.end()
    else socket.destroy()
    await rig.pass(3)
    peer.end()
    await rig.pass(40)
    if (!socket.destroyed || rig.host.portsInUse > 0) throw new Error(`connection ${i} has left something`)
  }
  t.equal(rig.edge.flowCount, 0)
  await rig.pass(30_000)
  t.equal(rig.clock.nextAt, Number.POSITIVE_INFINITY, 'no timer is armed')
})

t.test('close() ends everything', async (t) => {
  const rig = new Rig()
  const { log, peer } = await rig.open()
  rig.onSyn = 'ignore'
  const { log: pending } = await rig.open()
  rig.host.openDatagram({ address: BACKEND, port: 53, onMessage: () => {}, onUnreachable: () => {} })
  rig.host.close()
  await rig.pass(10)
  t.strictSame(log, ['connect', 'ECONNABORTED', 'close'])
  t.strictSame(pending, ['ECONNABORTED', 'close'])
  t.strictSame(peer.events, ['connected', 'reset', 'closed'])
  t.equal(rig.host.portsInUse, 0)
  t.strictSame(record(rig.host.connect({ address: BACKEND, port: 8080 })), [])
  await rig.pass(10)
  t.equal(rig.host.portsInUse, 0)
})

t.test('on real time it has a timer of its own', async (t) => {
  const host = new FabricHost({
    output: new Rig().toPeer,
    address: BIP,
    ports: [FIRST_PORT, LAST_PORT],
    tcp: tcpOptions({ giveUpMs: 20 }),
    clock: monotonicClock,
  })
  const socket = host.connect({ address: BACKEND, port: 8080 })
  const [error] = await new Promise<[NodeJS.ErrnoException]>((resolve) => socket.on('error', (e) => resolve([e])))
  t.equal(error.code, 'ETIMEDOUT')
  host.close()
})

t.test('with several lanes a connection keeps to one, and all are used', async (t) => {
  const lane: CountedOutput = new CountedOutput(() => rig.toPeer)
  const isUp = [true, true]
  const rig = new Rig({}, { furtherLanes: [lane], isUp: (i) => isUp[i]! })
  let before = 0
  const usedBy: number[] = []
  for (let i = 0; i < 4; i++) {
    const { socket, peer } = await rig.open()
    socket.end('question')
    await rig.pass(10)
    t.equal(peer.text, 'question')
    usedBy.push(lane.packets - before)
    before = lane.packets
    rig.toPeer.log.length = 0
  }
  t.equal(usedBy.filter((packets) => packets === 0).length, 2, `packets by the second lane: ${usedBy}`)
  t.equal(new Set(usedBy).size, 2, 'a connection uses it for all of its packets or for none')
  isUp[1] = false
  const logs = [(await rig.open()).log, (await rig.open()).log]
  t.strictSame(logs.map((log) => log[0]).sort(), ['EHOSTUNREACH', 'connect'])
})
