import { type SegmentOutput, TcpEvent, TcpState, writeResetFor } from '@fivetuple/tcp'
import t from 'tap'
import { ACK, FIN, flagsOf, PSH, RST, SYN, segment } from './segment.js'
import { CLIENT_PORT, SERVER_PORT, TwoHosts } from './two-hosts.js'

const CLIENT_NEXT = 0x01020305
const SERVER_NEXT = 0x0a0b0c0e

/** A segment from the client's address to the server, whoever sent it. */
function toServer(seq: number, ack: number, flags: number, payload: number[] = []): Uint8Array {
  return segment(CLIENT_PORT, SERVER_PORT, seq >>> 0, ack >>> 0, flags, 0x2000, payload)
}

/** Returns the server's responses to a segment, as flags. */
function responses(hosts: TwoHosts, b: Uint8Array): string[] {
  hosts.log.length = 0
  hosts.server.receive(b)
  return hosts.log.filter((s) => !s.toServer).map((s) => flagsOf(s.segment))
}

t.test('an abort reaches the other side, in both directions and with data under way', async (t) => {
  for (const who of ['client', 'server'] as const) {
    const hosts = new TwoHosts().open()
    hosts.client.send(1, 2, 3)
    hosts.server.send(4, 5, 6)
    hosts[who].abort()
    hosts.clock.advance(10)
    const other = who === 'client' ? hosts.server : hosts.client
    t.equal(other.events & ~TcpEvent.CONNECTED, TcpEvent.RESET | TcpEvent.CLOSED)
    t.equal(hosts[who].events & ~TcpEvent.CONNECTED, TcpEvent.CLOSED)
    t.ok(hosts.client.isClear && hosts.server.isClear)
  }
})

t.test('a refused connection', async (t) => {
  const hosts = new TwoHosts()
  hosts.server.onSyn = 'refuse'
  hosts.client.connect()
  hosts.clock.advance(5)
  t.equal(hosts.client.events, TcpEvent.REFUSED | TcpEvent.CLOSED)
  t.ok(hosts.client.isClear)
  t.equal(hosts.server.endpoint, undefined)
})

t.test('the client closes while the server still dials', async (t) => {
  const hosts = new TwoHosts()
  hosts.server.onSyn = 'wait'
  hosts.client.connect()
  hosts.clock.advance(5)
  hosts.server.receive(toServer(CLIENT_NEXT, 0, RST))
  t.ok(hosts.server.has(TcpEvent.RESET))
  hosts.server.endpoint!.establish(hosts.clock.now)
  hosts.server.settle()
  t.ok(hosts.server.isClear)
})

t.test('a client that closes before the server responds cancels its SYN', async (t) => {
  for (const answered of [false, true]) {
    const hosts = new TwoHosts()
    hosts.server.onSyn = answered ? 'establish' : 'wait'
    hosts.client.connect()
    hosts.clock.advance(answered ? 1 : 5) // with its SYN-ACK on the way, or none
    hosts.client.abort()
    hosts.clock.advance(5)
    t.ok(hosts.server.has(TcpEvent.RESET))
    t.equal(hosts.client.events, TcpEvent.CLOSED)
    t.ok(hosts.client.isClear && hosts.server.isClear)
  }
})

t.test('RST: exactly the next number resets, one in the window is challenged, others are ignored', async (t) => {
  const hosts = new TwoHosts().open()
  t.strictSame(responses(hosts, toServer(CLIENT_NEXT + 1, 0, RST)), ['ACK'])
  t.strictSame(responses(hosts, toServer(CLIENT_NEXT - 1, 0, RST)), [])
  t.strictSame(responses(hosts, toServer(CLIENT_NEXT + 0x100000, SERVER_NEXT, RST | ACK)), [])
  t.equal(hosts.server.endpoint!.state, TcpState.ESTABLISHED)
  t.strictSame(responses(hosts, toServer(CLIENT_NEXT, 0, RST)), [])
  t.equal(hosts.server.endpoint!.state, TcpState.CLOSED)
})

t.test('a SYN on an open connection is challenged, whatever its number', async (t) => {
  const hosts = new TwoHosts().open()
  for (const offset of [-1, 0, 5, 0x7000_0000]) {
    t.strictSame(responses(hosts, toServer(CLIENT_NEXT + offset, 0, SYN)), ['ACK'])
  }
  t.equal(hosts.server.endpoint!.state, TcpState.ESTABLISHED)
})

t.test('ACKs beyond what was sent and far in the past are challenged, their data is dropped', async (t) => {
  const hosts = new TwoHosts().open()
  t.strictSame(responses(hosts, toServer(CLIENT_NEXT, SERVER_NEXT + 1, ACK | PSH, [6])), ['ACK'])
  t.strictSame(responses(hosts, toServer(CLIENT_NEXT, SERVER_NEXT - 0x200000, ACK | PSH, [6])), ['ACK'])
  t.strictSame(responses(hosts, toServer(CLIENT_NEXT, SERVER_NEXT, PSH, [6])), [], 'no ACK bit: dropped')
  t.strictSame(hosts.server.received, [])
})

t.test('two ends out of step do not acknowledge each other endlessly', async (t) => {
  const hosts = new TwoHosts({ faults: [] }).open()
  hosts.log.length = 0
  hosts.server.receive(toServer(CLIENT_NEXT + 0x10000000, SERVER_NEXT + 0x10000000, ACK))
  for (let i = 0; i < 1_000; i++) {
    // Each answer provokes another by the other side, as if both were out of step.
    hosts.server.receive(toServer(CLIENT_NEXT + 0x10000000, SERVER_NEXT + 0x10000000, ACK))
  }
  t.equal(hosts.log.filter((s) => !s.toServer).length, 10)
  hosts.clock.advance(1_000)
  t.strictSame(responses(hosts, toServer(CLIENT_NEXT + 1, 0, RST)), ['ACK'], 'a second later there is room again')
})

t.test('a half-open connection is ended by the new SYN', async (t) => {
  const old = new TwoHosts().open()
  const fresh = new TwoHosts({ clientIss: 0x55555555 })
  fresh.server.endpoint = old.server.endpoint
  fresh.client.connect()
  fresh.clock.advance(3)
  t.ok(fresh.server.has(TcpEvent.RESET))
  t.equal(fresh.client.endpoint!.state, TcpState.SYN_SENT)
  fresh.server.endpoint = undefined
  fresh.clock.advance(600)
  t.equal(fresh.client.endpoint!.state, TcpState.ESTABLISHED, 'the repeated SYN gets through')
})

t.test('an invalid ACK for our SYN-ACK gets a RST and changes nothing', async (t) => {
  const hosts = new TwoHosts()
  hosts.server.onSyn = 'wait'
  hosts.client.connect()
  hosts.clock.advance(2)
  t.strictSame(responses(hosts, toServer(CLIENT_NEXT, 0x77777777, ACK)), ['RST'])
  t.equal(hosts.server.endpoint!.state, TcpState.SYN_RECEIVED)
})

t.test('data that came with the SYN is delivered when the handshake ends', async (t) => {
  const hosts = new TwoHosts()
  hosts.server.receive(toServer(CLIENT_NEXT - 1, 0, SYN, [1, 2, 3]))
  t.strictSame(hosts.server.received, [])
  t.strictSame(responses(hosts, toServer(CLIENT_NEXT, SERVER_NEXT, ACK)), ['ACK'])
  t.strictSame(hosts.server.received, [1, 2, 3])
})

t.test('the response to a segment without a connection (RFC 9293 §3.10.7.1)', async (t) => {
  const written: string[] = []
  const out: SegmentOutput = {
    buffer: new Uint8Array(40),
    reserve: (length, control) => {
      t.ok(length === 20 && control)
      return 7
    },
  }
  const answer = (b: Uint8Array): string | boolean => {
    const padded = Uint8Array.of(0, 0, ...b)
    if (!writeResetFor(padded, 2, padded.length, out)) return false
    written.push(flagsOf(out.buffer.subarray(7, 27)))
    return Buffer.from(out.buffer.subarray(7, 27)).toString('hex')
  }
  // ports 8080 to 41234; with an ACK the number it names, without one zero and an ACK of all it
  // carried
  t.equal(answer(toServer(5, 0x11223344, ACK, [1, 2])), '1f90a112112233440000000050040000' + '00000000')
  t.equal(answer(toServer(5, 0, SYN)), '1f90a112000000000000000650140000' + '00000000')
  t.equal(answer(toServer(0xffffffff, 0, FIN, [1, 2])), '1f90a112000000000000000250140000' + '00000000')
  t.equal(answer(toServer(5, 0, RST)), false)
  t.equal(writeResetFor(toServer(5, 0, SYN), 0, 20, { buffer: out.buffer, reserve: () => -1 }), false)
  t.strictSame(written, ['RST', 'RST ACK', 'RST ACK'])
})
