import { TcpEdge } from '@fivetuple/edge'
import {
  ICMP_ERROR_MAX_BYTES,
  IcmpType,
  IpProtocol,
  ipv4Protocol,
  isAdmissionRefusal,
  readIcmpError,
  TcpFlag,
  tcpFlags,
  UnreachableCode,
  writeIcmpError,
} from '@fivetuple/packet'
import { tcpOptions } from '@fivetuple/tcp'
import t from 'tap'
import { EdgePair, ONE_WAY_MS, PORT, SERVER } from './edge-pair.js'

const { SYN, ACK, RST, FIN } = TcpFlag
const NOTHING = { flows: 0, timers: 0 }

t.test('a flow is opened, carries bytes both ways and ends with both FINs', async (t) => {
  const pair = new EdgePair()
  const [client, server] = pair.open()
  t.same([client.events, server.events], [['connected'], ['connected']])
  t.same([pair.client.sentFlags, pair.server.sentFlags], [[SYN, ACK], [SYN | ACK]])
  client.send('question')
  server.send('answer')
  pair.run(10)
  t.same([client.text, server.text], ['answer', 'question'])
  client.end()
  server.end()
  t.same(pair.leftovers(), NOTHING)
  t.same(client.events, ['connected', 'end', 'closed'])
  t.same(server.events, ['connected', 'end', 'closed'])
  t.match(
    [pair.client.edge.counters, pair.server.edge.counters],
    [
      { opened: 1, accepted: 0, reset: 0, timedOut: 0, unknown: 0 },
      { opened: 0, accepted: 1, reset: 0, timedOut: 0, unknown: 0 },
    ],
  )
})

t.test('after one FIN the other direction goes on', async (t) => {
  const pair = new EdgePair()
  const [client, server] = pair.open()
  client.send('request')
  client.end()
  pair.run(10_000)
  t.same(server.events, ['connected', 'end'])
  server.send('late answer')
  pair.run(10)
  t.equal(client.text, 'late answer')
  server.end()
  t.same(pair.leftovers(), NOTHING)
})

t.test('a reset reaches the other end at once, from either side', async (t) => {
  for (const side of [0, 1] as const) {
    const pair = new EdgePair()
    const ends = pair.open()
    ends[side].abort()
    t.same(ends[side].events, ['connected', 'closed'])
    pair.run(ONE_WAY_MS)
    t.same(ends[1 - side]!.events, ['connected', 'reset', 'closed'])
    t.same(pair.leftovers(), NOTHING)
  }
})

t.test('a flow without an application is refused, at once or later', async (t) => {
  for (const onSyn of ['refuse', 'wait'] as const) {
    const pair = new EdgePair()
    pair.onSyn = onSyn
    const client = pair.dial()!
    pair.run(50)
    if (onSyn === 'wait') {
      t.same(client.events, [], 'a SYN that waits is not answered')
      pair.server.edge.refuse(pair.accepted[0]!.flow, pair.clock.now)
      pair.run(ONE_WAY_MS)
    }
    t.same(client.events, ['refused', 'closed'])
    t.equal(pair.server.edge.counters.refused, 1)
    t.same(pair.server.sentFlags, [RST | ACK])
    t.same(pair.leftovers(), NOTHING)
  }
})

t.test('a SYN that comes again while it waits is one flow', async (t) => {
  const pair = new EdgePair()
  pair.onSyn = 'wait'
  const client = pair.dial()!
  pair.run(2_000)
  t.ok(pair.client.sentFlags.length > 1 && pair.client.sentFlags.every((flags) => flags === SYN))
  t.equal(pair.accepted.length, 1)
  pair.server.edge.establish(pair.accepted[0]!.flow, pair.clock.now)
  pair.run(10)
  t.same(client.events, ['connected'])
  client.abort()
  t.same(pair.leftovers(), NOTHING)
})

t.test('the handler of a SYN sees its segment', async (t) => {
  const pair = new EdgePair()
  const seen: number[][] = []
  const edge = new TcpEdge(
    {
      fabric: { routeAndCount: () => PORT, outputOf: () => pair.server.wire },
      tcp: tcpOptions(),
      maxFlows: 1,
      nextIss: () => 1,
      onIncoming: (_flow, b, tcp, end) => {
        seen.push([tcpFlags(b, tcp), end - tcp])
        return undefined
      },
    },
    0,
  )
  pair.dial()
  pair.run(ONE_WAY_MS)
  const [syn] = pair.client.wire.log
  edge.receive(Uint8Array.of(0, 0, ...syn!, 9, 9), 2, 2 + syn!.length, 0)
  t.same(seen, [[SYN, 32]]) // MSS, window scale, SACK permitted
})

t.test('without a route a flow is refused before anything is sent', async (t) => {
  const pair = new EdgePair()
  pair.client.hasRoute = false
  const client = pair.dial()!
  t.same(client.events, ['refused', 'closed'])
  t.equal(pair.client.wire.log.length, 0)
  t.same(pair.leftovers(), NOTHING)
})

t.test('a route that comes back in time is used again', async (t) => {
  const pair = new EdgePair()
  const [client, server] = pair.open()
  pair.client.hasRoute = false
  client.send('in between')
  pair.run(1_000)
  t.equal(server.text, '')
  pair.client.hasRoute = true
  pair.run(5_000)
  t.equal(server.text, 'in between')
  client.abort()
  t.same(pair.leftovers(), NOTHING)
})

t.test('an ICMP error refuses what is being opened, and leaves open flows alone', async (t) => {
  const pair = new EdgePair()
  pair.onSyn = 'wait'
  const opening = pair.dial()!
  pair.run(ONE_WAY_MS)
  const [syn] = pair.client.wire.log
  const error = new Uint8Array(ICMP_ERROR_MAX_BYTES)
  const { DESTINATION_UNREACHABLE } = IcmpType
  const length = writeIcmpError(error, 0, DESTINATION_UNREACHABLE, UnreachableCode.HOST, SERVER, syn!, 0)
  pair.client.receive(error, 0, length)
  t.same(opening.events, ['refused', 'closed'])
  pair.client.receive(error, 0, length) // about a flow that is no more
  pair.onSyn = 'establish'
  const [client] = pair.open()
  const about = writeIcmpError(
    error,
    0,
    DESTINATION_UNREACHABLE,
    UnreachableCode.HOST,
    SERVER,
    pair.client.wire.log[1]!,
    0,
  )
  pair.client.receive(error, 0, about)
  t.same(client.events, ['connected'])
})

t.test('a port that is full holds back data and nothing else, until it is not', async (t) => {
  const pair = new EdgePair()
  const [client, server] = pair.open()
  const [other] = pair.open()
  pair.client.wire.blocked = true
  for (const flow of [client, other]) flow.send('held back')
  server.send('the other way')
  client.end()
  pair.run(200)
  t.equal(server.text, '')
  t.equal(client.text, 'the other way')
  t.ok(
    pair.client.sentFlags.every((flags) => (flags & FIN) === 0),
    'the FIN waits behind its data',
  )
  pair.client.edge.portUnblocked(PORT + 1, pair.clock.now)
  pair.run(50)
  t.equal(server.text, '', 'another port is another port')
  pair.client.wire.blocked = false
  pair.client.edge.portUnblocked(PORT, pair.clock.now)
  pair.run(10)
  t.same(
    pair.accepted.map(({ text }) => text),
    ['held back', 'held back'],
  )
  const { log } = pair.client.wire
  const bytes = log.reduce((sum, packet) => sum + packet.length, 0)
  t.same(pair.client.counted, { packets: log.length, bytes }, 'what was held back is counted when it leaves')
  t.same(server.events, ['connected', 'end'])
  pair.client.edge.portUnblocked(PORT, pair.clock.now)
  pair.client.edge.abortAll(pair.clock.now)
  t.same(pair.leftovers(), NOTHING)
})

t.test('a flow that waits for a port goes before one that does not', async (t) => {
  const pair = new EdgePair()
  const flows = Array.from({ length: 4 }, () => pair.open())
  const { edge, wire } = pair.client
  wire.blocked = true
  for (const [client] of flows.slice(0, 3)) client.send('waits')
  wire.blocked = false
  // Nobody has told that it is free: what comes now goes to the end of the line.
  flows[3]![0].send('later')
  pair.run(10)
  t.same(
    flows.map(([, server]) => server.text),
    ['', '', '', ''],
  )
  const before = wire.log.length
  edge.portUnblocked(PORT, pair.clock.now)
  pair.run(10)
  t.same(
    flows.map(([, server]) => server.text),
    ['waits', 'waits', 'waits', 'later'],
  )
  const payloads = wire.log.slice(before).map((b) => Buffer.from(b.subarray(40)).toString('latin1'))
  t.same(
    payloads.filter((text) => text !== ''),
    ['waits', 'waits', 'waits', 'later'],
  )
  edge.abortAll(pair.clock.now)
  t.same(pair.leftovers(), NOTHING)
})

t.test('a flow that waits for a port uses another port when its route changes', async (t) => {
  const pair = new EdgePair()
  const flows = Array.from({ length: 3 }, () => pair.open())
  const { client } = pair
  client.blockedPorts.add(PORT)
  for (const [end] of flows) end.send('waits')
  pair.run(10)
  client.port = PORT + 1
  client.edge.routesChanged(pair.clock.now)
  pair.run(10)
  t.same(
    flows.map(([, server]) => server.text),
    ['waits', 'waits', 'waits'],
  )
  client.edge.abortAll(pair.clock.now)
  t.same(pair.leftovers(), NOTHING)
})

t.test('a flow that waits for another port than before goes on when that one is free', async (t) => {
  const pair = new EdgePair()
  const [end, server] = pair.open()
  const { client } = pair
  client.blockedPorts.add(PORT).add(PORT + 1)
  end.send('first ')
  client.port = PORT + 1
  end.send('second')
  client.blockedPorts.delete(PORT + 1)
  client.edge.portUnblocked(PORT + 1, pair.clock.now)
  pair.run(10)
  t.equal(server.text, 'first second')
  // It is in the other line still, and has nothing to do there.
  client.blockedPorts.delete(PORT)
  client.edge.portUnblocked(PORT, pair.clock.now)
  client.edge.abortAll(pair.clock.now)
  t.same(pair.leftovers(), NOTHING)
})

t.test('a flow that dies while it waits for a port is not touched when the port is free', async (t) => {
  const pair = new EdgePair()
  const [client] = pair.open()
  pair.client.wire.blocked = true
  client.send('never sent')
  client.abort()
  pair.client.wire.blocked = false
  pair.client.edge.portUnblocked(PORT, pair.clock.now)
  t.same(pair.leftovers(), NOTHING)
})

t.test('a reader that takes nothing stops the sender, and only this one', async (t) => {
  const pair = new EdgePair({ tcp: { windowBytes: 10_000, sendBufferBytes: 10_000 } })
  const [client, server] = pair.open()
  const [other, otherServer] = pair.open()
  server.takes = false
  const all = Buffer.alloc(50_000, 'x')
  t.equal(client.send(all), false)
  pair.run(5_000)
  t.equal(server.received.length, 10_000, 'what its window holds')
  other.send('passes')
  pair.run(10)
  t.equal(otherServer.text, 'passes')
  t.same(client.events, ['connected'])
  server.takes = true
  server.take()
  pair.run(5_000)
  t.equal(server.received.length, 50_000)
  t.same(client.events, ['connected', 'writable'])
  pair.client.edge.abortAll(pair.clock.now)
  t.same(pair.leftovers(), NOTHING)
})

t.test('a peer that is gone is noticed by both, with and without data under way', async (t) => {
  for (const sends of [true, false]) {
    const pair = new EdgePair()
    const [client, server] = pair.open()
    pair.client.wire.isCut = true
    pair.server.wire.isCut = true
    if (sends) client.send('into the void')
    t.same(pair.leftovers(), NOTHING)
    t.same(client.events, ['connected', 'timeout', 'closed'])
    t.same(server.events, ['connected', 'timeout', 'closed'])
    t.equal(pair.client.edge.counters.timedOut, 1)
  }
})

t.test('a SYN without a response times out', async (t) => {
  const pair = new EdgePair()
  pair.client.wire.isCut = true
  const client = pair.dial()!
  t.same(pair.leftovers(), NOTHING)
  t.same(client.events, ['timeout', 'closed'])
})

t.test('flows beyond the limit are turned away on either side, and room is used again', async (t) => {
  const few = new EdgePair({ maxFlows: 3 })
  const flows = [few.dial(), few.dial(), few.dial()]
  t.equal(few.dial(), undefined)
  t.equal(few.client.edge.counters.overLimit, 1)
  few.run(10)
  flows[0]!.abort()
  t.not(few.dial(), undefined)
  few.client.edge.abortAll(few.clock.now)
  t.same(few.leftovers(), NOTHING)

  const pair = new EdgePair({ maxFlows: 3 })
  const wide = new EdgePair({ maxFlows: 100 })
  const server = pair.server.edge
  for (let i = 0; i < 4; i++) wide.dial()
  wide.run(ONE_WAY_MS)
  for (const syn of wide.client.wire.log) server.receive(syn, 0, syn.length, pair.clock.now)
  t.equal(server.flowCount, 3)
  t.match(server.counters, { overLimit: 1, refused: 0 })
  pair.run(ONE_WAY_MS)
  const [report] = pair.server.wire.log.filter((packet) => ipv4Protocol(packet, 0) === IpProtocol.ICMP)
  t.equal(isAdmissionRefusal(readIcmpError(report!, 0)!), true)
  server.abortAll(pair.clock.now)
  t.equal(server.flowCount, 0)
})

t.test('a tuple is one flow at a time, and free again when that is over', async (t) => {
  const pair = new EdgePair()
  const client = pair.dial(50_000)!
  t.equal(pair.dial(50_000), undefined)
  pair.run(10)
  client.end()
  pair.accepted[0]!.end()
  pair.run(10)
  t.equal(pair.client.edge.flowCount, 1, 'in TIME-WAIT')
  const again = pair.dial(50_000)!
  pair.run(10)
  t.same(again.events, ['connected'])
  t.same(client.events, ['connected', 'end', 'closed'])
  t.equal(pair.accepted.length, 2)
  again.abort()
  t.same(pair.leftovers(), NOTHING)
})

t.test('segments without a flow are responded to with RST, and resets are not', async (t) => {
  const pair = new EdgePair()
  const [client, server] = pair.open()
  client.send('x')
  pair.run(ONE_WAY_MS)
  const data = pair.client.wire.log.at(-1)!
  server.abort()
  pair.run(10)
  const before = pair.server.wire.log.length
  pair.server.receive(data, 0, data.length)
  pair.run(10)
  t.same(pair.server.sentFlags.slice(before), [RST])
  t.equal(pair.server.edge.counters.unknown, 1)
  const sent = pair.client.wire.log.length
  t.equal(pair.client.edge.counters.unknown, 1, 'the RST finds no flow either')
  t.equal(pair.client.wire.log.length, sent)
})

t.test('calls for a closed flow have no effect', async (t) => {
  const pair = new EdgePair()
  const [client, server] = pair.open()
  client.abort()
  pair.run(10)
  const sent = pair.client.wire.log.length
  t.equal(client.send('x'), true)
  client.end()
  client.abort()
  client.take()
  pair.server.edge.establish(server.flow, pair.clock.now)
  pair.server.edge.refuse(server.flow, pair.clock.now)
  t.equal(pair.client.wire.log.length, sent)
  t.same(client.events, ['connected', 'closed'])
})

t.test('malformed segments are counted and dropped', async (t) => {
  const pair = new EdgePair()
  pair.open()
  const packet = pair.client.wire.log[0]!.slice()
  packet[32] = 0x40 // a data offset of four words
  pair.server.receive(packet, 0, packet.length)
  pair.server.receive(packet, 0, 30)
  t.equal(pair.server.edge.counters.malformed, 2)
})

t.test(
  'keep-alive probes and the responses to them are distinguished from use of a flow, in both directions',
  async (t) => {
    const pair = new EdgePair()
    const [client, server] = pair.open()
    client.send('question')
    server.send('answer')
    pair.run(1_000)
    t.same([pair.client.keepAlives, pair.server.keepAlives], [0, 0], 'neither data nor its ACKs are')
    const before = pair.client.counted.packets + pair.server.counted.packets
    pair.run(20_000)
    const idle = pair.client.counted.packets + pair.server.counted.packets - before
    t.ok(idle > 0)
    t.equal(pair.client.keepAlives + pair.server.keepAlives, idle, 'all that an idle flow sends is')
    const { keepAlives } = pair.client
    client.send('more')
    pair.run(100)
    t.equal(pair.client.keepAlives, keepAlives)
    client.abort()
  },
)

t.test('a half-closed flow is probed by a timer of its own, and ends when its peer has deleted it', async (t) => {
  const pair = new EdgePair({ tcp: { halfClosedKeepAliveMs: 65_000 } })
  const [client] = pair.open()
  client.end()
  pair.run(1_000)
  const before = pair.client.counted.packets + pair.server.counted.packets
  pair.run(60_000)
  t.equal(pair.client.counted.packets + pair.server.counted.packets, before, 'a NAT may forget it')
  pair.run(10_000)
  t.ok(pair.client.counted.packets + pair.server.counted.packets > before)
  pair.client.hasRoute = false
  pair.server.hasRoute = false
  pair.run(80_000)
  t.same(pair.leftovers(), NOTHING)
})
