import { TcpEvent, TcpState } from '@fivetuple/tcp'
import t from 'tap'
import { flagsOf } from './segment.js'
import { ONE_WAY_MS, TwoHosts } from './two-hosts.js'

const hex = (b: Uint8Array) => Buffer.from(b).toString('hex')

// A connection from port 41234 (a112) to 8080 (1f90), five bytes each way, closed by the client.
// Fields in the order of RFC 9293 §3.1: ports, sequence, acknowledgment, data offset and flags,
// window, checksum (offloaded), urgent pointer.
const GOLDEN = [
  // SYN; MSS 65495 (ffd7), NOP, window scale 3, NOP, NOP, SACK permitted; the window of a SYN is not
  // scaled
  '> a1121f90 01020304 00000000 8002 ffff 0000 0000 0204ffd7 01 030303 01 01 0402',
  '< 1f90a112 0a0b0c0d 01020305 8012 ffff 0000 0000 0204ffd7 01 030303 01 01 0402',
  // The ACK of the SYN announces the whole window: 8000 << 3 is 256 KiB
  '> a1121f90 01020305 0a0b0c0e 5010 8000 0000 0000',
  '> a1121f90 01020305 0a0b0c0e 5018 8000 0000 0000 68656c6c6f',
  // The answer carries the ACK
  '< 1f90a112 0a0b0c0e 0102030a 5018 8000 0000 0000 776f726c64',
  // The window's right edge moves in steps of a quarter: 5 bytes that came in and were taken bring
  // it closer
  '> a1121f90 0102030a 0a0b0c13 5011 7fff 0000 0000',
  '< 1f90a112 0a0b0c13 0102030b 5010 7fff 0000 0000',
  '< 1f90a112 0a0b0c13 0102030b 5011 7fff 0000 0000',
  '> a1121f90 0102030b 0a0b0c14 5010 7fff 0000 0000',
]

t.test('golden bytes of a whole connection', async (t) => {
  const { client, server, clock, log } = new TwoHosts().open()
  t.equal(client.endpoint!.state, TcpState.ESTABLISHED)
  t.equal(server.endpoint!.state, TcpState.ESTABLISHED)
  t.ok(client.has(TcpEvent.CONNECTED) && server.has(TcpEvent.CONNECTED))
  client.send(...Buffer.from('hello'))
  clock.advance(ONE_WAY_MS)
  server.send(...Buffer.from('world'))
  clock.advance(ONE_WAY_MS)
  client.shutdown()
  clock.advance(ONE_WAY_MS)
  t.equal(server.endpoint!.state, TcpState.CLOSE_WAIT)
  t.equal(client.endpoint!.state, TcpState.FIN_WAIT_1)
  clock.advance(ONE_WAY_MS)
  t.equal(client.endpoint!.state, TcpState.FIN_WAIT_2)
  server.shutdown()
  clock.advance(2 * ONE_WAY_MS)
  t.equal(server.endpoint!.state, TcpState.CLOSED)
  t.equal(client.endpoint!.state, TcpState.TIME_WAIT)
  clock.advance(client.options.timeWaitMs + 10)
  t.ok(client.isClear && server.isClear)
  t.equal(Buffer.from(server.received).toString(), 'hello')
  t.equal(Buffer.from(client.received).toString(), 'world')
  t.equal(client.events, TcpEvent.CONNECTED | TcpEvent.END | TcpEvent.CLOSED)
  t.equal(server.events, TcpEvent.CONNECTED | TcpEvent.END | TcpEvent.CLOSED)
  const lines = log.map((s) => `${s.toServer ? '>' : '<'} ${hex(s.segment)}`)
  t.strictSame(
    lines,
    GOLDEN.map((line) => line.slice(0, 2) + line.slice(2).replaceAll(' ', '')),
  )
})

t.test('a SYN waits for the owner; a repeated SYN gets no response', async (t) => {
  const { client, server, clock, log } = new TwoHosts()
  server.onSyn = 'wait'
  client.connect()
  clock.advance(1_600)
  t.equal(log.length, 3, 'a SYN and two repetitions')
  t.equal(server.endpoint!.state, TcpState.SYN_RECEIVED)
  t.equal(server.endpoint!.deadline(), 11_001, 'it waits for as long as a SYN is repeated')
  server.endpoint!.establish(clock.now)
  server.settle()
  clock.advance(2 * ONE_WAY_MS)
  t.equal(server.endpoint!.state, TcpState.ESTABLISHED)
  t.equal(client.endpoint!.state, TcpState.ESTABLISHED)
})

t.test('a SYN that its owner does not accept in time ends with a RST', async (t) => {
  const { client, server, clock, log } = new TwoHosts({ clientTcp: { userTimeoutMs: 60_000, rtoMaxMs: 60_000 } })
  server.onSyn = 'wait'
  client.connect()
  clock.advance(10_000)
  t.equal(server.endpoint!.state, TcpState.SYN_RECEIVED)
  clock.advance(20)
  t.equal(server.events, TcpEvent.TIMEOUT | TcpEvent.CLOSED)
  t.strictSame(
    log.filter((s) => !s.toServer).map((s) => flagsOf(s.segment)),
    ['RST ACK'],
  )
  t.equal(client.events, TcpEvent.REFUSED | TcpEvent.CLOSED)
  t.ok(server.isClear && client.isClear)
})

t.test('data on a SYN is kept until the connection is established', async (t) => {
  const { client, server, clock, toServer } = new TwoHosts()
  server.onSyn = 'wait'
  // As if the client had sent data with its SYN: to the server it looks the same.
  const put = toServer.send.bind(toServer)
  toServer.send = (segment) => put(segment[13] === 0x02 ? Uint8Array.of(...segment, 7, 8, 9) : segment)
  client.connect()
  clock.advance(10)
  t.strictSame(server.received, [])
  server.endpoint!.establish(clock.now)
  server.settle()
  client.send(7, 8, 9)
  clock.advance(10)
  t.strictSame(server.received, [7, 8, 9])
})

t.test('a peer without options gets 536 bytes and unscaled windows', async (t) => {
  const { client, server, clock, log, toServer } = new TwoHosts()
  const put = toServer.send.bind(toServer)
  toServer.send = (segment) => {
    const plain = segment[13] === 0x02 ? segment.slice(0, 20) : segment
    if (segment[13] === 0x02) plain[12] = 0x50
    put(plain)
  }
  client.connect()
  clock.advance(10)
  server.endpoint!.send(new Uint8Array(2_000), clock.now)
  server.settle()
  const sizes = log.filter((s) => !s.toServer && s.segment.length > 28).map((s) => s.segment.length - 20)
  t.strictSame(sizes, [536, 536, 536, 392])
  t.equal((log.at(-1)!.segment[14]! << 8) | log.at(-1)!.segment[15]!, 0xffff)
})

t.test('bytes sent before the connection is established are transmitted after it, with the FIN', async (t) => {
  const { client, server, clock } = new TwoHosts()
  client.connect()
  client.send(1, 2)
  client.send(3)
  client.shutdown()
  clock.advance(10)
  t.strictSame(server.received, [1, 2, 3])
  t.ok(server.has(TcpEvent.END))
})
