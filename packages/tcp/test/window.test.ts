import { TcpEvent } from '@fivetuple/tcp'
import t from 'tap'
import { payloadOf } from './segment.js'
import { TwoHosts, type TwoHostsOptions } from './two-hosts.js'

/** Starts a server that reads nothing until it is allowed to, with a window of 1,000 bytes. */
function slowReader(options: TwoHostsOptions = {}): { hosts: TwoHosts; take: (bytes: number) => void } {
  const hosts = new TwoHosts({ serverTcp: { windowBytes: 1_000 }, ...options })
  hosts.server.onDelivered = () => {}
  hosts.open()
  const take = (bytes: number): void => {
    hosts.server.endpoint!.consumed(bytes, hosts.clock.now)
    hosts.server.settle()
  }
  return { hosts, take }
}

const bytes = (n: number) => Array.from({ length: n }, (_, i) => i % 251)

t.test('the window closes with bytes delivered and not consumed, and opens in steps of a quarter', async (t) => {
  const { hosts, take } = slowReader()
  hosts.client.send(...bytes(3_000))
  hosts.clock.advance(100)
  t.equal(hosts.server.received.length, 1_000)
  hosts.log.length = 0
  take(249)
  t.equal(hosts.log.length, 0, 'less than a quarter: not a word')
  take(1)
  t.equal(hosts.log.length, 1)
  hosts.clock.advance(2)
  t.equal(hosts.server.received.length, 1_250)
  take(1_000)
  hosts.clock.advance(2)
  t.equal(hosts.server.received.length, 2_250)
  t.equal(hosts.client.endpoint!.retransmits, 0)
})

t.test('a probe, which takes no number, makes up for a lost window update', async (t) => {
  const { hosts, take } = slowReader()
  hosts.client.send(...bytes(1_500))
  hosts.clock.advance(100)
  hosts.toClient.faults = [{ kind: 'loss', rate: 1 }]
  take(1_000)
  hosts.toClient.faults = []
  hosts.clock.advance(300)
  t.strictSame(hosts.server.received, bytes(1_500))
  t.equal(hosts.client.endpoint!.retransmits, 0)
})

t.test('a zero window is probed with backoff, for as long as the peer responds', async (t) => {
  const { hosts, take } = slowReader()
  hosts.client.send(...bytes(1_500))
  hosts.clock.advance(100)
  hosts.log.length = 0
  hosts.clock.advance(60_000)
  const probes = hosts.log.filter((s) => s.toServer)
  t.ok(probes.length > 8 && probes.length < 20, `${probes.length} probes in a minute`)
  t.ok(probes.every((s) => payloadOf(s.segment).length === 0))
  t.notOk(hosts.client.has(TcpEvent.TIMEOUT))
  const start = hosts.clock.now
  hosts.client.send(9)
  take(1_000)
  hosts.clock.runUntil(start + 2)
  t.strictSame(hosts.server.received, [...bytes(1_500), 9], 'the backoff of probing does not hold up the data')
  t.ok(hosts.client.endpoint!.deadline() <= start + 2 + 200, 'nor its repetition')
})

t.test('a zero window without responses is a timeout', async (t) => {
  const { hosts } = slowReader({ clientTcp: { keepAliveMs: Number.POSITIVE_INFINITY } })
  hosts.client.send(...bytes(1_500))
  hosts.clock.advance(100)
  hosts.toClient.faults = [{ kind: 'loss', rate: 1 }]
  hosts.clock.advance(20_000)
  t.ok(hosts.client.has(TcpEvent.TIMEOUT))
  t.ok(hosts.client.isClear)
})

t.test('data sent while the window is zero is not lost', async (t) => {
  const { hosts, take } = slowReader()
  hosts.client.send(...bytes(1_000))
  hosts.clock.advance(100)
  hosts.toClient.faults = [{ kind: 'loss', rate: 1 }]
  take(1_000)
  hosts.toClient.faults = []
  hosts.client.send(9)
  hosts.clock.advance(300)
  t.equal(hosts.server.received.length, 1_001)
})

t.test('a FIN passes a zero window', async (t) => {
  const { hosts } = slowReader()
  hosts.client.send(...bytes(1_000))
  hosts.client.shutdown()
  hosts.clock.advance(100)
  t.ok(hosts.server.has(TcpEvent.END))
})

t.test('one reader that takes bytes one by one does not make segments of one byte', async (t) => {
  const { hosts, take } = slowReader()
  hosts.client.send(...bytes(3_000))
  hosts.clock.advance(100)
  hosts.log.length = 0
  for (let i = 0; i < 2_000; i++) {
    hosts.clock.advance(1)
    take(1)
  }
  const sizes = hosts.log.filter((s) => s.toServer).map((s) => payloadOf(s.segment).length)
  t.ok(
    sizes.filter((size) => size > 0).every((size) => size >= 250),
    sizes.join(),
  )
})

t.test('full and writable again', async (t) => {
  const { hosts, take } = slowReader({ clientTcp: { sendBufferBytes: 2_000 } })
  hosts.client.send(...bytes(1_999))
  t.notOk(hosts.client.endpoint!.sendBufferFull)
  hosts.client.send(1)
  t.ok(hosts.client.endpoint!.sendBufferFull)
  t.equal(hosts.client.endpoint!.sendBuffered, 2_000)
  t.notOk(hosts.client.has(TcpEvent.WRITABLE))
  hosts.clock.advance(100)
  t.ok(hosts.client.has(TcpEvent.WRITABLE), 'half of it is acknowledged')
  t.notOk(hosts.client.endpoint!.sendBufferFull)
  take(1_000)
  hosts.clock.advance(100)
  t.equal(hosts.client.endpoint!.sendBuffered, 0)
})

t.test('a new connection does not spend a segment on its whole window', async (t) => {
  const hosts = new TwoHosts().open()
  hosts.log.length = 0
  hosts.client.send(1, 2, 3)
  hosts.clock.advance(1)
  hosts.server.send(4)
  hosts.clock.advance(1)
  t.equal(hosts.log.length, 2)
})
