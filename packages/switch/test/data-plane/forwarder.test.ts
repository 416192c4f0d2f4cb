import {
  decrementTtl,
  type FiveTuple,
  formatIpv4,
  hostPrefix,
  IcmpType,
  IpProtocol,
  internetChecksum,
  ipv4Destination,
  ipv4Source,
  ipv4TotalLength,
  ipv4Ttl,
  malformedIpv4,
  NO_ROUTE,
  parseIpv4,
  readIcmpError,
  refreshIpv4Checksum,
  reverseTuple,
  UnreachableCode,
  writeU16,
} from '@fivetuple/packet'
import { Resilient } from '@fivetuple/switch'
import t from 'tap'
import { ROUTER, rig } from './forwarder-rig.js'
import { concat, echoRequest, errorAboutAnswerTo, packetOf } from './packets.js'

const VIP = parseIpv4('127.20.10.1')!
const CLIENT = parseIpv4('127.20.100.7')!
const LB = parseIpv4('127.20.1.1')!
const NOWHERE = parseIpv4('127.20.77.1')!

function flow(sourcePort: number, destinationAddress = VIP, sourceAddress = CLIENT): FiveTuple {
  return { sourceAddress, destinationAddress, sourcePort, destinationPort: 8080, protocol: IpProtocol.TCP }
}

/** The uplink switch of a small cluster: clients behind the edge, one VIP behind two LBs. */
function uplink() {
  return rig({ ports: 2, routes: { '127.20.100.0/22': [0], '127.20.10.1/32': [1, 2], '127.20.1.1/32': [1] } })
}

t.test('a packet leaves by the port that explain names, one hop older', async (t) => {
  const { forwarder, port } = uplink()
  const sent = packetOf(flow(41_234), 100)
  forwarder.receive(sent.slice(), 0, sent.length, 1, 0)
  const decision = forwarder.explain(flow(41_234))!
  t.same(decision.prefix, hostPrefix(VIP))
  t.equal(decision.m, 2)
  t.equal(decision.index, decision.hash % 2)
  t.equal(decision.port, [1, 2][decision.index])
  t.equal(decision.cost, 10)
  const expected = sent.slice()
  decrementTtl(expected, 0)
  t.same(port(decision.port).packets, [expected])
  t.same(port(3 - decision.port).packets, [])
  t.same(forwarder.counters.get(1)!.packetsIn, 1)
  t.same(forwarder.counters.get(decision.port)!.packetsOut, 1)
  t.same(forwarder.counters.get(decision.port)!.bytesOut, sent.length)
})

t.test('packets in a row for one port are passed on as one run, in order', async (t) => {
  const { forwarder, port } = rig({ ports: 2, routes: { '127.20.10.1/32': [1], '127.20.10.2/32': [2] } })
  const a = packetOf(flow(1, VIP))
  const b = packetOf(flow(2, VIP), 10)
  const c = packetOf(flow(3, VIP + 1))
  const d = packetOf(flow(4, VIP), 3)
  const run = concat(a, b, c, d)
  // Not at the start of the chunk, and with bytes behind that are none of our business.
  forwarder.receive(concat(new Uint8Array(7).fill(0xff), run, new Uint8Array(5)), 7, 7 + run.length, 2, 0)
  for (const packet of [a, b, c, d]) decrementTtl(packet, 0)
  t.same(port(1).packets, [a, b, d])
  t.equal(port(1).calls, 2)
  t.same(port(2).packets, [c])
  t.same(forwarder.counters.get(2), { packetsIn: 4, bytesIn: run.length, packetsOut: 1, bytesOut: c.length })
})

t.test('packets for the edge come one by one and untouched', async (t) => {
  const { forwarder, toEdge } = uplink()
  const a = packetOf(flow(1, CLIENT, VIP), 9, 1)
  const b = packetOf(flow(2, CLIENT, VIP))
  forwarder.receive(concat(a, b), 0, a.length + b.length, 1, 0)
  t.same(toEdge, [a, b])
  t.same(forwarder.counters.get(0), { packetsIn: 0, bytesIn: 0, packetsOut: 2, bytesOut: a.length + b.length })
})

t.test('the edge gets the port of its packets', async (t) => {
  const { forwarder, port } = uplink()
  const egress = forwarder.routeAndCount(CLIENT, VIP, 41_234, 8080, IpProtocol.TCP, 40, false)
  t.equal(egress, forwarder.explain(flow(41_234))!.port)
  t.equal(forwarder.outputOf(egress), port(egress).output)
  t.equal(forwarder.routeAndCount(CLIENT, CLIENT, 1, 2, IpProtocol.TCP, 40, false), NO_ROUTE, 'not back to the edge')
  t.equal(forwarder.routeAndCount(CLIENT, NOWHERE, 1, 2, IpProtocol.TCP, 40, false), NO_ROUTE)
  t.equal(forwarder.drops['no-route'], 2)
  t.same(forwarder.counters.get(0), { packetsIn: 3, bytesIn: 120, packetsOut: 0, bytesOut: 0 })
  t.match(forwarder.counters.get(egress), { packetsOut: 1, bytesOut: 40 })
  forwarder.uncount(egress, 40)
  t.match(forwarder.counters.get(egress), { packetsOut: 0, bytesOut: 0 }, 'what does not leave is no packet')
  t.match(forwarder.counters.get(0), { packetsIn: 2, bytesIn: 80 })
})

t.test('the next packet is decided by the next route table', async (t) => {
  const { forwarder, port } = uplink()
  const packet = packetOf(flow(41_234))
  const before = forwarder.explain(flow(41_234))!.port
  forwarder.setFib(forwarder.fib.with([{ prefix: hostPrefix(VIP), nextHops: [3 - before], cost: 10 }]))
  forwarder.receive(packet, 0, packet.length, 1, 0)
  t.same([port(before).packets.length, port(3 - before).packets.length], [0, 1])
})

t.test('without a route, the source hears of it by the same route table', async (t) => {
  const { forwarder, port, toEdge } = uplink()
  const fromLb = packetOf(flow(9, NOWHERE, LB))
  const fromClient = packetOf(flow(10, NOWHERE))
  forwarder.receive(concat(fromLb, fromClient), 0, 80, 1, 0)
  t.equal(forwarder.drops['no-route'], 2)
  const [message] = port(1).packets
  t.equal(malformedIpv4(message!, 0, message!.length), undefined)
  t.equal(formatIpv4(ipv4Source(message!, 0)), '127.20.0.1')
  t.equal(ipv4Destination(message!, 0), LB)
  t.same(readIcmpError(message!, 0), {
    type: IcmpType.DESTINATION_UNREACHABLE,
    code: UnreachableCode.NET,
    pointer: 0,
    offending: flow(9, NOWHERE, LB),
  })
  t.same(readIcmpError(toEdge[0]!, 0)?.offending, flow(10, NOWHERE))
  t.equal(forwarder.icmp.errors, 2)
})

t.test('a packet dies of its TTL before it is forwarded', async (t) => {
  const { forwarder, port, toEdge } = uplink()
  for (const ttl of [0, 1]) {
    const packet = packetOf(flow(5), 0, ttl)
    forwarder.receive(packet, 0, packet.length, 1, 0)
  }
  t.equal(forwarder.drops['ttl-exceeded'], 2)
  t.same([port(1).packets, port(2).packets], [[], []])
  t.equal(readIcmpError(toEdge[0]!, 0)?.type, IcmpType.TIME_EXCEEDED)
  const last = packetOf(flow(5), 0, 2)
  forwarder.receive(last, 0, last.length, 1, 0)
  const [out] = port(forwarder.explain(flow(5))!.port).packets
  t.equal(ipv4Ttl(out!, 0), 1)
})

t.test(
  'between the loss of carrier and the next route table, packets to a dead port are lost and counted',
  async (t) => {
    const { forwarder, port, toEdge } = uplink()
    const { port: id } = forwarder.explain(flow(5))!
    port(id).isUp = false
    t.match(forwarder.explain(flow(5)), { port: id, isPortUp: false })
    const packet = packetOf(flow(5))
    forwarder.receive(packet, 0, packet.length, 3 - id, 0)
    t.equal(forwarder.routeAndCount(CLIENT, VIP, 5, 8080, IpProtocol.TCP, 40, false), NO_ROUTE)
    t.equal(forwarder.drops['port-down'], 2)
    t.same(port(id).packets, [])
    t.match(readIcmpError(toEdge[0]!, 0), { type: IcmpType.DESTINATION_UNREACHABLE, code: UnreachableCode.HOST })
  },
)

t.test('a next hop that is no port is as good as one without carrier', async (t) => {
  const { forwarder } = rig({ ports: 1, routes: { '127.20.10.1/32': [7] } })
  const packet = packetOf(flow(5))
  forwarder.receive(packet, 0, packet.length, 1, 0)
  t.equal(forwarder.routeAndCount(CLIENT, VIP, 5, 8080, IpProtocol.TCP, 40, false), NO_ROUTE)
  t.equal(forwarder.drops['port-down'], 2)
})

t.test('protocols without ports are spread by their addresses', async (t) => {
  const { forwarder, port } = rig({ ports: 8, routes: { '127.20.10.1/32': [1, 2, 3, 4, 5, 6, 7, 8] } })
  for (const protocol of [IpProtocol.ICMP, 47]) {
    const tuple = { ...flow(0), destinationPort: 0, protocol }
    const { port: id } = forwarder.explain(tuple)!
    t.equal(forwarder.explain({ ...tuple, sourcePort: 77 })!.port, id)
    t.equal(forwarder.routeAndCount(CLIENT, VIP, 77, 78, protocol, 28, false), id)
    const before = port(id).packets.length
    for (const fill of [0, 0xaa]) {
      const packet = packetOf(tuple, 20)
      packet.fill(fill, 20)
      forwarder.receive(packet, 0, packet.length, 1, 0)
    }
    t.equal(port(id).packets.length, before + 2)
  }
})

t.test('an ICMP error goes to the next hop of the flow that it is about', async (t) => {
  const { forwarder, port } = rig({ ports: 5, routes: { '127.20.10.1/32': [1, 2, 3, 4, 5] } })
  const used = new Set<number>()
  for (let n = 0; n < 200; n++) {
    const about = { ...flow(20_000 + n), protocol: n % 2 === 0 ? IpProtocol.TCP : IpProtocol.UDP }
    const { port: id } = forwarder.explain(about)!
    const error = errorAboutAnswerTo(about, [3, 4, 5, 11, 12][n % 5])
    const before = port(id).packets.length
    forwarder.receive(error, 0, error.length, 1, 0)
    t.equal(port(id).packets.length, before + 1)
    used.add(id)
  }
  t.equal(used.size, 5)
})

t.test('an ICMP error of the router itself goes to the LB whose packet it is about', async (t) => {
  const { forwarder, port } = rig({ ports: 5, routes: { '127.20.10.1/32': [1, 2, 3, 4, 5] } })
  for (let n = 0; n < 90; n++) {
    const { port: id } = forwarder.explain(flow(n))!
    const before = port(id).packets.length
    const answer = packetOf(reverseTuple(flow(n)))
    forwarder.receive(answer, 0, answer.length, id, 0) // there is no route to the client
    t.equal(port(id).packets.length, before + 1)
  }
})

t.test('an ICMP error that names no flow of its destination is spread by its addresses', async (t) => {
  const { forwarder, port } = rig({ ports: 5, routes: { '127.20.10.1/32': [1, 2, 3, 4, 5] } })
  const { port: id } = forwarder.explain({ ...flow(0), protocol: IpProtocol.ICMP })!
  const edits: ((b: Uint8Array) => void)[] = [
    (b) => writeU16(b, 2, 28 + 23), // cut in the ports
    (b) => b.set([127, 20, 10, 2], 28 + 12), // quotes a packet that its destination has not sent
    (b) => b.set([0x4f], 28),
    (b) => b.set([0], 20), // an echo reply
  ]
  let count = 0
  for (const edit of edits)
    for (let n = 0; n < 20; n++) {
      const error = errorAboutAnswerTo(flow(n))
      edit(error)
      refreshIpv4Checksum(error, 0)
      forwarder.receive(error, 0, ipv4TotalLength(error, 0), 1, 0)
      t.equal(port(id).packets.length, ++count)
    }
})

t.test('a corrupt header is dropped and the next packet is not', async (t) => {
  const { forwarder, port } = rig({ ports: 1, routes: { '127.20.10.1/32': [1] } })
  const good = packetOf(flow(1))
  const flipped = packetOf(flow(2))
  flipped[19]! ^= 1
  const fragment = packetOf(flow(3))
  writeU16(fragment, 6, 0x2000)
  refreshIpv4Checksum(fragment, 0)
  forwarder.receive(concat(good, flipped, fragment, good), 0, 160, 1, 0)
  t.match(forwarder.drops, { 'malformed-checksum': 1, 'malformed-fragment': 1 })
  t.equal(port(1).packets.length, 2)
  t.equal(forwarder.icmp.errors, 0)
})

t.test('where a length can not be believed, the rest of the run goes too', async (t) => {
  const { forwarder, port } = rig({ ports: 1, routes: { '127.20.10.1/32': [1] } })
  const good = packetOf(flow(1))
  const cases: [keyof typeof forwarder.drops, (b: Uint8Array) => void][] = [
    ['malformed-version', (b) => b.fill(0x60, 0, 1)],
    ['malformed-header-length', (b) => b.fill(0x44, 0, 1)],
    ['malformed-total-length', (b) => writeU16(b, 2, 19)],
    ['malformed-total-length', (b) => writeU16(b, 2, 1000)],
  ]
  for (const [cause, spoil] of cases) {
    const bad = packetOf(flow(2))
    spoil(bad)
    const [packets, count] = [port(1).packets.length, forwarder.drops[cause]]
    forwarder.receive(concat(good, bad, good), 0, 120, 1, 0)
    t.equal(forwarder.drops[cause], count + 1, cause)
    t.equal(port(1).packets.length, packets + 1)
  }
  forwarder.receive(good, 0, 19, 1, 0)
  t.equal(forwarder.drops['malformed-truncated'], 1)
})

t.test('TCP and UDP need their ports', async (t) => {
  const { forwarder, port } = rig({ ports: 1, routes: { '127.20.10.1/32': [1] } })
  for (const protocol of [IpProtocol.TCP, IpProtocol.UDP, 47]) {
    const packet = packetOf({ ...flow(1), protocol }).slice(0, 23)
    writeU16(packet, 2, 23)
    refreshIpv4Checksum(packet, 0)
    forwarder.receive(packet, 0, packet.length, 1, 0)
  }
  t.equal(forwarder.drops['malformed-ports'], 2)
  t.equal(port(1).packets.length, 1)
})

t.test('the router responds to ping', async (t) => {
  const { forwarder, port } = uplink()
  const request = echoRequest(LB, ROUTER)
  forwarder.receive(request.slice(), 0, request.length, 1, 0)
  const reply = port(1).packets[0]!
  t.equal(malformedIpv4(reply, 0, reply.length), undefined)
  t.same([ipv4Source(reply, 0), ipv4Destination(reply, 0)], [ROUTER, LB])
  t.equal(reply[20], IcmpType.ECHO_REPLY)
  t.equal(internetChecksum(reply, 20, reply.length), 0)
  t.same(reply.slice(24), request.slice(24))
  request[30]! ^= 1
  forwarder.receive(request, 0, request.length, 1, 0)
  t.equal(forwarder.drops['malformed-icmp'], 1)
  t.equal(forwarder.icmp.echoReplies, 1)
})

t.test('nothing else lives at the router address', async (t) => {
  const { forwarder, port } = uplink()
  const tcp = packetOf(flow(1, ROUTER, LB))
  const gre = packetOf({ ...flow(1, ROUTER, LB), protocol: 47 })
  forwarder.receive(concat(tcp, gre), 0, tcp.length + gre.length, 1, 0)
  t.same(
    port(1).packets.map((message) => message[21]),
    [UnreachableCode.PORT, UnreachableCode.PROTOCOL],
  )
  t.equal(forwarder.drops['not-for-us'], 2)
  t.equal(forwarder.explain(flow(1, ROUTER)), undefined)
})

t.test('no ICMP error about an ICMP error', async (t) => {
  const { forwarder, port, toEdge } = uplink()
  const offending = packetOf(flow(1, NOWHERE, LB))
  forwarder.receive(offending, 0, offending.length, 1, 0)
  const error = port(1).packets[0]!
  error.set(error.slice(16, 20), 12)
  error.set([127, 20, 77, 1], 16) // from the LB to nowhere
  refreshIpv4Checksum(error, 0)
  forwarder.receive(error, 0, error.length, 1, 0)
  t.equal(forwarder.drops['no-route'], 2)
  t.equal(port(1).packets.length, 1)
  t.same(toEdge, [])
  const echo = echoRequest(LB, NOWHERE)
  forwarder.receive(echo, 0, echo.length, 1, 0)
  t.equal(port(1).packets.length, 2, 'but about an echo request')
})

t.test('ICMP errors are limited in rate', async (t) => {
  const { forwarder, port } = uplink()
  const send = (now: number): void => {
    const packet = packetOf(flow(1, NOWHERE, LB))
    forwarder.receive(packet, 0, packet.length, 1, now)
  }
  for (let i = 0; i < 1000; i++) send(5000)
  const burst = port(1).packets.length
  t.ok(burst >= 10 && burst < 1000, `${burst} at once`)
  t.same(forwarder.icmp, { errors: burst, echoReplies: 0, suppressed: 1000 - burst })
  t.equal(forwarder.drops['no-route'], 1000)
  send(4000)
  t.equal(port(1).packets.length, burst, 'a clock that goes back brings none')
  for (let ms = 4001; ms <= 4010; ms++) send(ms)
  t.equal(port(1).packets.length, burst + 10, 'one a millisecond in the long run')
})

t.test("an edge's keep-alive takes the path of its flow, and is no use of its bucket", async (t) => {
  const selection = new Resilient({ buckets: 16, idleTimerMs: 1_000, unbalancedTimerMs: 0 })
  const { forwarder } = rig({ ports: 2, selection, routes: { '127.20.10.1/32': [1, 2] } })
  const { selector } = forwarder.fib.lookup(VIP)!
  let uses = 0
  const use = selector.use.bind(selector)
  selector.use = (hash) => {
    uses++
    return use(hash)
  }
  const egress = (isKeepAlive: boolean) =>
    forwarder.routeAndCount(CLIENT, VIP, 41_234, 8080, IpProtocol.TCP, 40, false, isKeepAlive)
  const port = egress(true)
  t.equal(uses, 0)
  t.equal(egress(false), port)
  t.equal(uses, 1)
})
