import { readSackBlocks } from '@fivetuple/packet'
import type { TcpOptions } from '@fivetuple/tcp'
import t from 'tap'
import { payloadOf } from './segment.js'
import { TwoHosts } from './two-hosts.js'

const MSS = 100
/** First number of the client's data. */
const DATA = 0x01020305

const bytes = (n: number) => Array.from({ length: n }, (_, i) => i % 251)

/** Opens a connection on whose way to the server `onData` decides about each data segment, from 0. */
function opened(onData: (n: number) => 'pass' | 'drop' | 'twice', tcp: Partial<TcpOptions> = {}): TwoHosts {
  const hosts = new TwoHosts({ clientTcp: tcp, serverTcp: { mss: MSS, ...tcp } }).open()
  const put = hosts.toServer.send.bind(hosts.toServer)
  let count = 0
  hosts.toServer.send = (segment) => {
    const verdict = payloadOf(segment).length === 0 ? 'pass' : onData(count++)
    if (verdict !== 'drop') put(segment)
    if (verdict === 'twice') put(segment)
  }
  hosts.log.length = 0
  return hosts
}

/** Blocks of the server's ACKs, as segments of the client's data. */
function reported(hosts: TwoHosts): string[] {
  return hosts.log
    .filter((s) => !s.toServer)
    .map(({ segment }) => {
      const edges: number[] = []
      const count = readSackBlocks(segment, 0, edges)
      return Array.from({ length: count }, (_, i) => [edges[2 * i]!, edges[2 * i + 1]!])
        .map((edge) => edge.map((number) => (number - DATA) / MSS).join('-'))
        .join(' ')
    })
}

t.test('RFC 2018 §4, case 1: the first of five segments is lost; one block grows', async (t) => {
  const hosts = opened((n) => (n === 0 ? 'drop' : 'pass'))
  hosts.client.send(...bytes(5 * MSS))
  hosts.clock.advance(1)
  t.strictSame(reported(hosts), ['1-2', '1-3', '1-4', '1-5'])
  hosts.clock.advance(10)
  t.strictSame(hosts.server.received, bytes(5 * MSS))
  t.equal(hosts.client.endpoint!.retransmits, 1)
})

t.test('RFC 2018 §4, case 2: every second segment is lost; the latest block is first', async (t) => {
  const hosts = opened((n) => (n < 8 && n % 2 === 1 ? 'drop' : 'pass'))
  hosts.client.send(...bytes(8 * MSS))
  hosts.clock.advance(1)
  t.strictSame(reported(hosts).slice(-3), ['2-3', '4-5 2-3', '6-7 4-5 2-3'])
})

t.test('golden bytes of an ACK with two blocks', async (t) => {
  const hosts = opened((n) => (n === 0 || n === 2 ? 'drop' : 'pass'))
  hosts.client.send(...bytes(4 * MSS))
  hosts.clock.advance(1)
  const ack = hosts.log.filter((s) => !s.toServer).at(-1)!.segment
  t.equal(
    Buffer.from(ack).toString('hex'),
    // ports, sequence, ACK of nothing new; 10 words, ACK; NOP NOP SACK: segments 3 and 1
    '1f90a112 0a0b0c0e 01020305 a010 8000 0000 0000 0101 0512 01020431 01020495 01020369 010203cd'.replaceAll(' ', ''),
  )
})

t.test('RFC 2883 §4.1: a segment that arrives twice is reported once, in front', async (t) => {
  const hosts = opened((n) => (n === 0 ? 'twice' : 'pass'))
  hosts.client.send(...bytes(MSS))
  hosts.clock.advance(5)
  t.strictSame(reported(hosts), ['0-1'])
  hosts.client.send(...bytes(MSS))
  hosts.clock.advance(60)
  t.strictSame(reported(hosts), ['0-1', ''])
  t.equal(hosts.client.endpoint!.retransmits, 0, 'the network has duplicated it')
})

t.test('RFC 2883 §4.1: a duplicate ahead of a gap is reported with its block', async (t) => {
  const hosts = opened((n) => (n === 0 ? 'drop' : n === 1 ? 'twice' : 'pass'))
  hosts.client.send(...bytes(3 * MSS))
  hosts.clock.advance(1)
  t.strictSame(reported(hosts), ['1-2', '1-2 1-2', '1-3'])
})

t.test('only what is lost is retransmitted, in one round trip', async (t) => {
  const lost = [0, 3, 4, 9, 12]
  const hosts = opened((n) => (lost.includes(n) ? 'drop' : 'pass'))
  hosts.client.send(...bytes(20 * MSS))
  hosts.clock.advance(8)
  t.strictSame(hosts.server.received, bytes(20 * MSS))
  t.equal(hosts.client.endpoint!.retransmits, lost.length)
})

t.test('a retransmission that is lost again is detected without the timer', async (t) => {
  let retransmissions = 0
  const hosts = opened((n) => (n === 0 || (n >= 10 && retransmissions++ === 0) ? 'drop' : 'pass'))
  hosts.client.send(...bytes(10 * MSS))
  hosts.clock.advance(3)
  for (let i = 0; i < 5; i++) {
    hosts.client.send(...bytes(MSS))
    hosts.clock.advance(2)
  }
  hosts.clock.advance(20)
  t.equal(hosts.server.received.length, 15 * MSS)
  t.ok(hosts.clock.now < 1_100)
})

t.test('without SACK at one end neither uses it', async (t) => {
  const hosts = new TwoHosts({ clientTcp: { sack: false }, serverTcp: { mss: MSS } })
  const put = hosts.toServer.send.bind(hosts.toServer)
  let count = 0
  hosts.toServer.send = (segment) => {
    if (payloadOf(segment).length === 0 || count++ !== 0) put(segment)
  }
  hosts.open()
  t.equal(hosts.log[0]!.segment.length, 28)
  t.equal(hosts.log[1]!.segment.length, 28)
  hosts.client.send(...bytes(6 * MSS))
  hosts.clock.advance(10)
  t.strictSame(hosts.server.received, bytes(6 * MSS))
  t.ok(hosts.log.every(({ segment }) => readSackBlocks(segment, 0, []) === 0))
})

t.test('a lost tail is repaired by a probe, before the timer', async (t) => {
  const hosts = opened((n) => (n === 5 ? 'drop' : 'pass'))
  hosts.client.send(...bytes(6 * MSS))
  hosts.clock.advance(200) // a delayed ACK has lengthened the round trip; the timer would take 250 ms
  t.strictSame(hosts.server.received, bytes(6 * MSS))
  t.equal(hosts.client.endpoint!.retransmits, 1)
})

t.test('a probe with new data shows that everything before it is lost', async (t) => {
  const hosts = opened((n) => (n >= 1 && n <= 3 ? 'drop' : 'pass'), { windowBytes: 100_000 })
  hosts.client.send(...bytes(4 * MSS))
  hosts.clock.advance(150)
  t.strictSame(hosts.server.received, bytes(4 * MSS))
})
