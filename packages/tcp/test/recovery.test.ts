import t from 'tap'
import { payloadOf } from './segment.js'
import { TwoHosts, type TwoHostsOptions } from './two-hosts.js'

const bytes = (n: number) => Array.from({ length: n }, (_, i) => i % 251)

/**
 * Opens a connection on whose way to the server the data segments with these numbers (from 0) are
 * lost.
 */
function losing(lost: readonly number[], options: TwoHostsOptions = {}): TwoHosts {
  const hosts = new TwoHosts({ serverTcp: { mss: 100 }, ...options }).open()
  const put = hosts.toServer.send.bind(hosts.toServer)
  let count = 0
  hosts.toServer.send = (segment) => {
    if (payloadOf(segment).length === 0 || !lost.includes(count++)) put(segment)
  }
  hosts.log.length = 0
  return hosts
}

t.test('three duplicate ACKs cause a retransmission long before the timer', async (t) => {
  const hosts = losing([0])
  hosts.client.send(...bytes(600))
  hosts.clock.advance(4)
  t.strictSame(hosts.server.received, bytes(600))
  t.equal(hosts.client.endpoint!.retransmits, 1)
  t.equal(hosts.server.endpoint!.outOfOrder, 5)
  t.equal(hosts.server.endpoint!.reassemblyBytes, 0)
})

t.test('each partial ACK retransmits the next lost segment', async (t) => {
  const hosts = losing([0, 2, 5])
  hosts.client.send(...bytes(1_000))
  hosts.clock.advance(8)
  t.strictSame(hosts.server.received, bytes(1_000))
  t.equal(hosts.client.endpoint!.retransmits, 3)
})

t.test('a lost tail is retransmitted by the timer', async (t) => {
  const hosts = losing([5])
  hosts.client.send(...bytes(600))
  hosts.clock.advance(100)
  t.equal(hosts.server.received.length, 500)
  hosts.clock.advance(200)
  t.strictSame(hosts.server.received, bytes(600))
  t.equal(hosts.client.endpoint!.retransmits, 1)
})

t.test('many small writes in flight are retransmitted as one segment', async (t) => {
  const hosts = losing([0, 1, 2, 3, 4], { serverTcp: {} })
  for (let i = 0; i < 5; i++) hosts.client.send(i)
  hosts.clock.advance(300)
  t.strictSame(hosts.server.received, [0, 1, 2, 3, 4])
  t.equal(hosts.client.endpoint!.retransmits, 1)
})

t.test('segments are filled across writes up to the peer’s size', async (t) => {
  const hosts = losing([], { clientTcp: { windowBytes: 2_000 } })
  const { endpoint } = hosts.client
  for (let i = 0; i < 50; i++) endpoint!.send(Uint8Array.from(bytes(7)), hosts.clock.now)
  hosts.client.settle()
  t.strictSame(
    hosts.log.map((s) => payloadOf(s.segment).length),
    [100, 100, 100, 50],
  )
})

t.test('hundreds of writes, acknowledged bit by bit', async (t) => {
  const hosts = new TwoHosts({ serverTcp: { windowBytes: 40 } }).open()
  const { endpoint } = hosts.client
  const sent = bytes(1_500)
  for (let i = 0; i < 500; i++) endpoint!.send(Uint8Array.from(sent.slice(3 * i, 3 * i + 3)), hosts.clock.now)
  hosts.client.settle()
  hosts.clock.advance(200)
  for (let i = 0; i < 1_500; i += 3) hosts.client.send(...sent.slice(i, i + 3))
  hosts.clock.advance(10_000)
  t.strictSame(hosts.server.received, [...sent, ...sent])
  t.equal(endpoint!.sendBuffered, 0)
})

t.test('numbers wrap around within the handshake, the data, and the FIN', async (t) => {
  for (let back = 1; back <= 12; back++) {
    const hosts = new TwoHosts({
      clientIss: 0x1_0000_0000 - back,
      serverIss: 0x7fff_ffff - back,
      serverTcp: { mss: 2 },
    }).open()
    hosts.client.send(...bytes(8))
    hosts.server.send(...bytes(9))
    hosts.client.shutdown()
    hosts.server.shutdown()
    hosts.clock.advance(1_000)
    t.strictSame([hosts.server.received, hosts.client.received], [bytes(8), bytes(9)])
    t.ok(hosts.client.isClear && hosts.server.isClear)
  }
})

t.test('a megabyte through large segments and chunks that do not fit them', async (t) => {
  const hosts = new TwoHosts({ clientTcp: { sendBufferBytes: 1 << 21 } }).open()
  const sent = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 7) & 0xff)
  for (let at = 0; at < sent.length; at += 70_001) {
    hosts.client.endpoint!.send(sent.subarray(at, at + 70_001), hosts.clock.now)
  }
  hosts.client.shutdown()
  hosts.clock.advance(100)
  t.ok(Buffer.from(hosts.server.received).equals(sent))
  t.equal(hosts.client.endpoint!.retransmits, 0)
  t.ok(hosts.log.length < 60, `${hosts.log.length} segments`)
})
