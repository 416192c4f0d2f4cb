import { TcpEndpoint, TcpEvent, TcpState, tcpOptions } from '@fivetuple/tcp'
import t from 'tap'
import { flagsOf, payloadOf } from './segment.js'
import { TwoHosts, type TwoHostsOptions } from './two-hosts.js'

const DEAD = [{ kind: 'loss', rate: 1 } as const]

/** The segments since the last call: time since `start` and flags, to the server. */
function toServer(hosts: TwoHosts, start: number): string[] {
  return hosts.log
    .splice(0)
    .filter((s) => s.toServer)
    .map((s) => `${s.at - start} ${flagsOf(s.segment)}${payloadOf(s.segment).length > 0 ? ' data' : ''}`)
}

function opened(options: TwoHostsOptions = {}): { hosts: TwoHosts; start: number } {
  const hosts = new TwoHosts(options).open()
  hosts.clock.runUntil(Math.ceil(hosts.clock.now / 100) * 100)
  hosts.log.length = 0
  return { hosts, start: hosts.clock.now }
}

t.test('an ACK waits for data to carry it, or for its deadline', async (t) => {
  const { hosts, start } = opened()
  hosts.client.send(1)
  hosts.clock.advance(1)
  t.equal(hosts.server.endpoint!.deadline(), start + 1 + 40)
  hosts.clock.advance(100)
  t.strictSame(
    hosts.log.splice(0).map((s) => `${s.at - start} ${s.toServer ? '>' : '<'} ${flagsOf(s.segment)}`),
    ['0 > PSH ACK', '50 < ACK'],
  )
  hosts.client.send(2)
  hosts.clock.advance(1)
  hosts.server.send(3)
  t.equal(hosts.log.length, 2, 'the answer is all there is')
})

t.test('every second full-size segment is acknowledged at once', async (t) => {
  const { hosts } = opened({ serverTcp: { mss: 100 } })
  hosts.client.send(...new Array<number>(500).fill(0))
  hosts.clock.advance(2)
  t.equal(hosts.log.filter((s) => !s.toServer).length, 2)
  t.equal(hosts.server.endpoint!.deadline(), hosts.clock.now - 1 + 40, 'the fifth waits')
})

t.test('retransmission backs off exponentially and ends with a RST', async (t) => {
  const { hosts, start } = opened()
  hosts.toServer.faults = DEAD
  hosts.toClient.faults = DEAD // else the server's keep-alive would be first to end it
  hosts.client.send(1)
  hosts.clock.advance(20_000)
  // The tail loss probe comes after 40 ms and the longest delay of an ACK, 60 ms. The handshake took
  // 2 ms, so the timeout is at its minimum: 200 ms, doubled to 5 s at most; over at 10 s.
  t.strictSame(toServer(hosts, start), [
    ...[0, 100, 300, 700, 1_500, 3_100, 6_300].map((at) => `${at} PSH ACK data`),
    '10000 RST ACK',
  ])
  t.equal(hosts.client.events & ~TcpEvent.CONNECTED, TcpEvent.TIMEOUT | TcpEvent.CLOSED)
  t.ok(hosts.client.isClear)
})

t.test('after a soft error a timeout sends no RST', async (t) => {
  const { hosts, start } = opened()
  hosts.toServer.faults = DEAD
  hosts.toClient.faults = DEAD // else the server's keep-alive would be first to end it
  hosts.client.send(1)
  hosts.client.endpoint!.unreachable(hosts.clock.now)
  hosts.clock.advance(20_000)
  t.notOk(toServer(hosts, start).some((line) => line.includes('RST')))
  t.ok(hosts.client.has(TcpEvent.TIMEOUT))
})

t.test('a SYN is retransmitted, then times out', async (t) => {
  const hosts = new TwoHosts({ faults: DEAD })
  hosts.client.connect()
  hosts.clock.advance(20_000)
  t.strictSame(toServer(hosts, 1_000), [...[0, 500, 1_500, 3_500, 7_500].map((at) => `${at} SYN`), '10000 RST'])
  t.equal(hosts.client.events, TcpEvent.TIMEOUT | TcpEvent.CLOSED)
})

t.test('a SYN-ACK is retransmitted, then times out with a RST', async (t) => {
  const hosts = new TwoHosts()
  hosts.toClient.faults = DEAD
  hosts.client.connect()
  hosts.clock.advance(1)
  hosts.toServer.faults = DEAD
  hosts.client.abort()
  hosts.log.length = 0
  hosts.clock.advance(20_000)
  const flags = hosts.log.filter((s) => !s.toServer).map((s) => flagsOf(s.segment))
  t.strictSame(flags, ['SYN ACK', 'SYN ACK', 'SYN ACK', 'SYN ACK', 'RST ACK'])
  t.equal(hosts.server.events, TcpEvent.TIMEOUT | TcpEvent.CLOSED)
})

t.test('an ICMP error ends an attempt to connect at once', async (t) => {
  const hosts = new TwoHosts({ faults: DEAD })
  hosts.client.connect()
  hosts.client.endpoint!.unreachable(hosts.clock.now)
  hosts.client.settle()
  t.equal(hosts.client.events, TcpEvent.REFUSED | TcpEvent.CLOSED)
  t.ok(hosts.client.isClear)
})

t.test('keep-alive: an idle peer responds, and the connection stays', async (t) => {
  const { hosts, start } = opened({ serverTcp: { keepAliveMs: Number.POSITIVE_INFINITY } })
  hosts.clock.advance(12_000)
  t.equal(hosts.client.endpoint!.state, TcpState.ESTABLISHED)
  t.equal(toServer(hosts, start).length, 2, 'a probe each 5 s')
})

t.test('keep-alive: a peer that does not respond times out after three probes', async (t) => {
  const { hosts, start } = opened()
  hosts.toClient.faults = DEAD
  hosts.clock.advance(20_000)
  t.strictSame(
    toServer(hosts, start).map((line) => line.split(' ').slice(1).join(' ')),
    ['ACK', 'ACK', 'ACK', 'RST ACK'],
  )
  t.ok(hosts.client.has(TcpEvent.TIMEOUT))
  t.ok(hosts.server.has(TcpEvent.RESET), 'the RST has got through')
})

t.test('keep-alive: a peer without the connection responds with RST', async (t) => {
  const { hosts } = opened()
  hosts.server.endpoint = undefined
  hosts.clock.advance(6_000)
  t.ok(hosts.client.has(TcpEvent.RESET))
  t.notOk(hosts.client.has(TcpEvent.TIMEOUT))
})

t.test('TIME-WAIT acknowledges a repeated FIN and restarts', async (t) => {
  const { hosts } = opened()
  hosts.client.shutdown()
  hosts.clock.advance(5)
  hosts.toServer.faults = DEAD // the last ACK is lost
  hosts.server.shutdown()
  hosts.clock.advance(50)
  t.equal(hosts.client.endpoint!.state, TcpState.TIME_WAIT)
  t.equal(hosts.server.endpoint!.state, TcpState.LAST_ACK)
  const over = hosts.client.endpoint!.deadline()
  hosts.toServer.faults = []
  hosts.clock.advance(200)
  t.equal(hosts.server.endpoint!.state, TcpState.CLOSED)
  t.ok(hosts.client.endpoint!.deadline() > over)
  t.ok(hosts.client.endpoint!.isOver, 'a new SYN may take its place')
  hosts.clock.advance(1_000)
  t.ok(hosts.client.isClear && hosts.server.isClear)
})

t.test('a simultaneous close goes through CLOSING on both sides', async (t) => {
  const { hosts } = opened()
  hosts.client.shutdown()
  hosts.server.shutdown()
  hosts.clock.advance(1)
  t.equal(hosts.client.endpoint!.state, TcpState.CLOSING)
  t.equal(hosts.server.endpoint!.state, TcpState.CLOSING)
  hosts.clock.advance(1_000)
  t.ok(hosts.client.isClear && hosts.server.isClear)
})

t.test('options out of range throw', async (t) => {
  for (const wrong of [{ windowBytes: 0 }, { windowBytes: 2 ** 31 }, { mss: 0 }, { mss: 65_536 }, { rtoMinMs: 0 }]) {
    t.throws(() => tcpOptions(wrong), { code: 'ERR_ASSERTION' })
  }
  t.throws(() => {
    const endpoint = new TcpEndpoint(tcpOptions(), 1, 2, 3)
    endpoint.connect(0)
    endpoint.connect(0)
  })
})
