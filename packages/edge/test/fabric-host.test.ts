import { FabricHost } from '@fivetuple/edge'
import {
  ICMP_ERROR_MAX_BYTES,
  IcmpType,
  ipv4Ttl,
  SOURCE_PORT_POINTER,
  TcpFlag,
  tcpFlags,
  UnreachableCode,
  writeIcmpError,
} from '@fivetuple/packet'
import { monotonicClock } from '@fivetuple/runtime'
import { tcpOptions } from '@fivetuple/tcp'
import t from 'tap'
import { BACKEND, BIP, CountedOutput, FIRST_PORT, LAST_PORT, Rig } from './rig.js'

const flagsOf = (packets: readonly Uint8Array[]) => packets.map((b) => tcpFlags(b, 20))
const hasReset = (packets: readonly Uint8Array[]) => flagsOf(packets).some((flags) => flags & TcpFlag.RST)

t.test('bytes and both ends go through', async (t) => {
  const rig = new Rig()
  const { connection, log, peer, received } = await rig.open()
  t.equal(ipv4Ttl(rig.toPeer.log[0]!, 0), 64)
  t.strictSame(log, ['connected'])
  connection.send(Buffer.from('question'))
  await rig.pass(10)
  t.equal(peer.text, 'question')
  peer.send(Buffer.from('answer'))
  peer.end()
  await rig.pass(10)
  t.equal(Buffer.from(received).toString(), 'answer')
  t.strictSame(log, ['connected', 'end'])
  connection.send(Buffer.from(', and after the end of the answer'))
  await rig.pass(10)
  t.equal(peer.text, 'question, and after the end of the answer')
  connection.close()
  await rig.pass(10)
  t.strictSame(peer.events, ['connected', 'end'])
  t.equal(rig.host.portsInUse, 0, 'who closes last need not wait')
  await rig.pass(1_000)
  t.equal(rig.edge.flowCount, 0)
  t.notOk(hasReset([...rig.toPeer.log, ...rig.toHost.log]))
})

t.test('more than a window is taken as it comes', async (t) => {
  const rig = new Rig({ windowBytes: 32 * 1024 })
  const { connection, peer, received } = await rig.open()
  const sent = new Uint8Array(400_000).map((_, i) => i % 251)
  peer.send(sent)
  await rig.pass(1_000)
  t.ok(Buffer.from(received).equals(sent))
  connection.reset()
})

t.test('a refused connection', async (t) => {
  const rig = new Rig()
  rig.onSyn = 'refuse'
  const { log } = await rig.open()
  t.strictSame(log, ['ECONNREFUSED'])
  t.equal(rig.host.portsInUse, 0)
})

t.test('a connection without a response', async (t) => {
  const rig = new Rig({ userTimeoutMs: 3_000 })
  rig.onSyn = 'ignore'
  const { log } = await rig.open()
  await rig.pass(2_900)
  t.strictSame(log, [])
  await rig.pass(200)
  t.strictSame(log, ['ETIMEDOUT'])
  t.equal(rig.host.portsInUse, 0)
})

t.test('a peer that resets', async (t) => {
  const rig = new Rig()
  const { log, peer } = await rig.open()
  peer.reset()
  await rig.pass(10)
  t.strictSame(log, ['connected', 'ECONNRESET'])
  t.equal(rig.host.portsInUse, 0)
})

t.test('no carrier', async (t) => {
  const rig = new Rig({}, { isUp: () => false })
  const { log } = await rig.open()
  t.strictSame(log, ['EHOSTUNREACH'])
  t.equal(rig.host.portsInUse, 0)
  const channel = rig.host.openDatagram({ address: BACKEND, port: 53, onMessage: () => {}, onUnreachable: () => {} })
  t.equal(channel?.send(new Uint8Array(1)), false)
})

for (const [code, expected] of [
  [UnreachableCode.HOST, 'EHOSTUNREACH'],
  [UnreachableCode.PORT, 'ECONNREFUSED'],
] as const)
  t.test(`ICMP unreachable, code ${code}, in response to the SYN`, async (t) => {
    const rig = new Rig()
    rig.onSyn = 'ignore'
    const { log } = await rig.open()
    const error = new Uint8Array(ICMP_ERROR_MAX_BYTES)
    const { DESTINATION_UNREACHABLE } = IcmpType
    const length = writeIcmpError(error, 0, DESTINATION_UNREACHABLE, code, BACKEND, rig.toPeer.log[0]!, 0)
    rig.host.receive(error, 0, length, rig.clock.now)
    await rig.pass(1)
    t.strictSame(log, [expected])
    t.equal(rig.host.portsInUse, 0)
  })

for (const [type, code, pointer, expected] of [
  [IcmpType.PARAMETER_PROBLEM, 0, SOURCE_PORT_POINTER, 'EADDRINUSE'],
  [IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.ADMINISTRATIVELY_PROHIBITED, 0, 'ENOBUFS'],
] as const)
  t.test(`an ICMP error of type ${type} reports that the target is not at fault: ${expected}`, async (t) => {
    const rig = new Rig()
    rig.onSyn = 'ignore'
    const { log } = await rig.open()
    const error = new Uint8Array(ICMP_ERROR_MAX_BYTES)
    const length = writeIcmpError(error, 0, type, code, BACKEND, rig.toPeer.log[0]!, 0, pointer)
    rig.host.receive(error, 0, length, rig.clock.now)
    await rig.pass(1)
    t.strictSame(log, [expected])
  })

t.test('reset() in any state', async (t) => {
  t.test('before the response to the SYN', async (t) => {
    const rig = new Rig()
    rig.onSyn = 'ignore'
    const { connection, log } = await rig.open()
    connection.reset()
    await rig.pass(10)
    t.strictSame(log, [])
    t.equal(rig.host.portsInUse, 0)
  })
  t.test('while connected, and when it has been closed', async (t) => {
    for (const closesFirst of ['not', 'close', 'closeAfterPeer'] as const) {
      const rig = new Rig()
      const { connection, log, peer } = await rig.open()
      if (closesFirst !== 'not') connection[closesFirst]()
      connection.reset()
      await rig.pass(10)
      t.equal(peer.events.includes('reset'), true)
      t.strictSame(log, ['connected'], 'nothing is told to who has done it')
      t.equal(rig.host.portsInUse, 0)
    }
  })
})

t.test('close() is as a kernel does it', async (t) => {
  t.test('FIN behind what was sent', async (t) => {
    const rig = new Rig()
    const { connection, peer } = await rig.open()
    connection.send(Buffer.from('last words'))
    connection.close()
    connection.close()
    await rig.pass(10)
    t.equal(peer.text, 'last words')
    t.strictSame(peer.events, ['connected', 'end'])
    peer.end()
    await rig.pass(10)
    t.equal(rig.host.portsInUse, 1, 'the port is kept through TIME-WAIT')
    await rig.pass(1_000)
    t.strictSame(peer.events, ['connected', 'end', 'closed'])
    t.equal(rig.host.portsInUse, 0)
  })
  t.test('RST before it is connected', async (t) => {
    const rig = new Rig()
    rig.onSyn = 'ignore'
    const { connection } = await rig.open()
    connection.close()
    t.equal(rig.host.portsInUse, 0)
  })
  t.test('RST when more comes', async (t) => {
    const rig = new Rig()
    const { connection, peer, received } = await rig.open()
    connection.close()
    await rig.pass(10)
    peer.send(Buffer.from('unheard'))
    await rig.pass(10)
    t.strictSame(peer.events, ['connected', 'end', 'reset', 'closed'])
    t.strictSame(received, [])
    t.equal(rig.host.portsInUse, 0)
  })
  t.test('RST when the peer stays open for too long', async (t) => {
    const rig = new Rig()
    const { connection, peer } = await rig.open()
    connection.close()
    await rig.pass(1_900)
    t.equal(rig.host.portsInUse, 1)
    await rig.pass(200)
    t.equal(rig.host.portsInUse, 0)
    t.strictSame(peer.events, ['connected', 'end', 'reset', 'closed'])
  })
})

t.test('closeAfterPeer()', async (t) => {
  t.test('our FIN follows, what comes before is dropped, and the port is free at once', async (t) => {
    const rig = new Rig()
    const { connection, log, peer, received } = await rig.open()
    connection.closeAfterPeer()
    peer.send(Buffer.from('unheard'))
    await rig.pass(100)
    t.strictSame(peer.events, ['connected'])
    peer.end()
    await rig.pass(10)
    t.strictSame(peer.events, ['connected', 'end'])
    t.strictSame([log, received], [['connected'], []])
    t.equal(rig.host.portsInUse, 0)
    await rig.pass(1_000)
    t.notOk(hasReset([...rig.toPeer.log, ...rig.toHost.log]))
  })
  t.test('the peer has closed already', async (t) => {
    const rig = new Rig()
    const { connection, log, peer } = await rig.open()
    peer.end()
    await rig.pass(10)
    t.strictSame(log, ['connected', 'end'])
    connection.closeAfterPeer()
    await rig.pass(10)
    t.strictSame(peer.events, ['connected', 'end'])
    t.equal(rig.host.portsInUse, 0)
  })
  t.test('a peer that does not close is reset', async (t) => {
    const rig = new Rig()
    const { connection, peer } = await rig.open()
    connection.closeAfterPeer()
    await rig.pass(2_100)
    t.strictSame(peer.events, ['connected', 'reset', 'closed'])
    t.equal(rig.host.portsInUse, 0)
  })
})

t.test('an output that is full holds data back until it has room', async (t) => {
  const rig = new Rig()
  const { connection, peer } = await rig.open()
  rig.toPeer.blocked = true
  connection.send(Buffer.from('later'))
  await rig.pass(100)
  t.equal(peer.text, '')
  rig.toPeer.blocked = false
  rig.host.unblocked()
  await rig.pass(5)
  t.equal(peer.text, 'later')
  connection.reset()
})

t.test('source ports: bounded, and each rests before it is used again', async (t) => {
  const rig = new Rig()
  const count = LAST_PORT - FIRST_PORT + 1
  const connections = Array.from({ length: count }, () => rig.connect().connection)
  const over = rig.connect().log
  await rig.pass(10)
  t.strictSame(over, ['EADDRNOTAVAIL'])
  t.equal(
    rig.host.openDatagram({ address: BACKEND, port: 53, onMessage: () => {}, onUnreachable: () => {} }),
    undefined,
  )
  for (const connection of connections) connection.reset()
  await rig.pass(10)
  const used: number[] = []
  for (let i = 0; i < count + 2; i++) {
    const { connection, peer } = await rig.open()
    used.push(peer.flow.remotePort - FIRST_PORT)
    connection.reset()
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
    const { connection, peer } = await rig.open()
    if (i % 3 === 0) connection.reset()
    else if (i % 3 === 1) connection.closeAfterPeer()
    else connection.close()
    await rig.pass(3)
    peer.end()
    await rig.pass(40)
    if (rig.host.portsInUse > 0) throw new Error(`connection ${i} has left something`)
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
  t.strictSame(log, ['connected', 'ECONNABORTED'])
  t.strictSame(pending, ['ECONNABORTED'])
  t.strictSame(peer.events, ['connected', 'reset', 'closed'])
  t.equal(rig.host.portsInUse, 0)
  t.strictSame(rig.connect().log, ['EADDRNOTAVAIL'])
  await rig.pass(10)
  t.equal(rig.host.portsInUse, 0)
})

t.test('on real time it has a timer of its own', async (t) => {
  const host = new FabricHost({
    output: new Rig().toPeer,
    address: BIP,
    ports: [FIRST_PORT, LAST_PORT],
    tcp: tcpOptions({ userTimeoutMs: 20 }),
    clock: monotonicClock,
  })
  const code = await new Promise((resolve) => {
    const nothing = () => {}
    const handlers = { onConnected: nothing, onData: nothing, onEnd: nothing, onFailure: resolve }
    host.connect({ address: BACKEND, port: 8080 }, handlers)
  })
  t.equal(code, 'ETIMEDOUT')
  host.close()
})

t.test('with several member links a connection keeps to one, and all are used', async (t) => {
  const memberLink: CountedOutput = new CountedOutput(() => rig.toPeer)
  const isUp = [true, true]
  const rig = new Rig({}, { furtherMemberLinks: [memberLink], isUp: (i) => isUp[i]! })
  let before = 0
  const usedBy: number[] = []
  for (let i = 0; i < 4; i++) {
    const { connection, peer } = await rig.open()
    connection.send(Buffer.from('question'))
    await rig.pass(10)
    t.equal(peer.text, 'question')
    usedBy.push(memberLink.packets - before)
    before = memberLink.packets
    rig.toPeer.log.length = 0
  }
  t.equal(usedBy.filter((packets) => packets === 0).length, 2, `packets by the second member link: ${usedBy}`)
  t.equal(new Set(usedBy).size, 2, 'a connection uses it for all of its packets or for none')
  isUp[1] = false
  const logs = [(await rig.open()).log, (await rig.open()).log]
  t.strictSame(logs.map((log) => log[0]).sort(), ['EHOSTUNREACH', 'connected'])
})
