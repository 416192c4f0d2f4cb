import {
  ipv4Ttl,
  l4Sum,
  malformedIpv4,
  readIcmpError,
  refreshIpv4Checksum,
  TcpFlag,
  tcpAcknowledgment,
  tcpFlags,
  tcpSequence,
  UnreachableCode,
  writeIcmpError,
} from '@fivetuple/packet'
import t from 'tap'
import { run, tcpPacket, udpPacket } from './packets.js'
import { BACKENDS, BIP, CLIENT, endsOf, Rig, UDP_VIP, VIP } from './rig.js'

const { SYN, ACK, FIN, RST, PSH } = TcpFlag
const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex')

t.test('the life of one request, packet by packet', async (t) => {
  const rig = new Rig()
  const [syn] = rig.fromClient(tcpPacket(CLIENT, VIP, { flags: SYN })).on
  t.match(endsOf(syn!), { from: `${BIP}:20000`, to: BACKENDS[0] })
  t.equal(ipv4Ttl(syn!, 0), 62)
  const [synAck] = rig.fromBackend(tcpPacket(BACKENDS[0], `${BIP}:20000`, { flags: SYN | ACK })).on
  t.match(endsOf(synAck!), { from: VIP, to: CLIENT })
  const [request] = rig.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK | PSH, payload: Buffer.from('GET /') })).on
  t.match(endsOf(request!), { from: `${BIP}:20000`, to: BACKENDS[0] })
  t.equal(Buffer.from(request!.subarray(40)).toString(), 'GET /')
  t.equal(rig.forwarder.sessionsByState().established, 1)
  rig.fromBackend(tcpPacket(BACKENDS[0], `${BIP}:20000`, { flags: FIN | ACK }))
  rig.fromClient(tcpPacket(CLIENT, VIP, { flags: FIN | ACK }))
  t.equal(rig.forwarder.sessionsByState()['both-fin'], 1)
  rig.fromBackend(tcpPacket(BACKENDS[0], `${BIP}:20000`, { flags: ACK }))
  t.equal(rig.forwarder.sessionsByState().closed, 1)
  rig.advance(2_500)
  t.equal(rig.forwarder.sessionCount, 0)
})

t.test('golden bytes: a SYN before and after translation', async (t) => {
  // Written out, and its checksums computed, by a script that shares nothing with this code.
  const before = `
    4500 0028 0000 4000 3f06 cf9f  # IPv4, TTL 63
    7f14 6407 7f14 0a01            # 127.20.100.7 > 127.20.10.1
    a112 1f90                      # 41234 > 8080
    0000 03e8 0000 0000 5002 ffff 7f27 0000`
  const after = `
    4500 0028 0000 4000 3e06 39a4  # TTL 62
    7f14 0203 7f14 0301            # 127.20.2.3 > 127.20.3.1
    4e20 1f90                      # 20000 > 8080
    0000 03e8 0000 0000 5002 ffff 3b1e 0000`
  const bytes = (text: string) => Buffer.from(text.replace(/#.*|\s/g, ''), 'hex')
  const [translated] = new Rig().fromClient(bytes(before)).on
  t.equal(hex(translated!), hex(bytes(after)))
})

t.test('an offloaded checksum stays offloaded, in both directions', async (t) => {
  const rig = new Rig()
  const [syn] = rig.fromClient(tcpPacket(CLIENT, VIP, { flags: SYN })).on
  t.equal(hex(syn!.subarray(36, 38)), '0000')
  const [answer] = rig.fromBackend(tcpPacket(BACKENDS[0], `${BIP}:20000`, { flags: SYN | ACK })).on
  t.equal(hex(answer!.subarray(36, 38)), '0000')
})

t.test('flows take turns over backends, and each gets a port of its own', async (t) => {
  const rig = new Rig()
  const flows = Array.from({ length: 6 }, (_, i) => `127.20.100.7:${41_000 + i}`)
  const ends = flows.map((flow) => endsOf(rig.fromClient(tcpPacket(flow, VIP, { flags: SYN })).on[0]!))
  t.strictSame(
    ends.map(({ to }) => to),
    [0, 1, 0, 1, 0, 1].map((k) => BACKENDS[k]),
  )
  t.equal(new Set(ends.map(({ from, to }) => `${from} ${to}`)).size, 6)
})

t.test('a repeated SYN keeps its session, and a new one after both FINs gets another', async (t) => {
  const rig = new Rig()
  const syn = () => endsOf(rig.fromClient(tcpPacket(CLIENT, VIP, { flags: SYN })).on[0]!)
  const first = syn()
  t.strictSame(syn(), first)
  rig.fromBackend(tcpPacket(first.to, first.from, { flags: SYN | ACK }))
  rig.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK }))
  t.strictSame(syn(), first, 'in the middle of a connection it is translated like anything else')
  rig.fromClient(tcpPacket(CLIENT, VIP, { flags: RST }))
  t.notSame(syn(), first)
  t.equal(rig.forwarder.sessionCount, 1)
})

t.test('a segment without a session is responded to with a RST that its sender accepts', async (t) => {
  const rig = new Rig()
  const { on, back } = rig.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK, sequence: 5, acknowledgment: 777 }))
  t.equal(on.length, 0)
  t.match(endsOf(back[0]!), { from: VIP, to: CLIENT })
  t.equal(tcpFlags(back[0]!, 20), RST)
  t.equal(tcpSequence(back[0]!, 20), 777)
  t.equal(rig.fromClient(tcpPacket(CLIENT, VIP, { flags: RST })).back.length, 0, 'a RST is not answered')
  const late = rig.fromBackend(tcpPacket(BACKENDS[0], `${BIP}:20000`, { flags: ACK, acknowledgment: 9 }))
  t.match(endsOf(late.back[0]!), { from: `${BIP}:20000`, to: BACKENDS[0] })
  t.equal(rig.forwarder.counters.drops['unknown-flow'], 3)
  t.equal(rig.forwarder.counters.resetsSent, 2)
  const silent = new Rig({ unknownFlow: 'drop' })
  t.equal(silent.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK })).back.length, 0)
})

t.test('only the backend of a session may use its port', async (t) => {
  const rig = new Rig()
  rig.fromClient(tcpPacket(CLIENT, VIP, { flags: SYN }))
  const { on, back } = rig.fromBackend(tcpPacket(BACKENDS[1], `${BIP}:20000`, { flags: SYN | ACK }))
  t.equal(on.length, 0)
  t.equal(tcpFlags(back[0]!, 20), RST)
})

t.test('no service, no address, no eligible backend, no port, no room: the client is reset at once', async (t) => {
  const refusedBy = (rig: Rig, to: string, from = CLIENT): string => {
    const before = { ...rig.forwarder.counters.drops }
    const { on, back } = rig.fromClient(tcpPacket(from, to, { flags: SYN, sequence: 41 }))
    t.equal(on.length, 0)
    t.equal(tcpFlags(back[0]!, 20), RST | ACK)
    t.equal(tcpAcknowledgment(back[0]!, 20), 42)
    const { drops } = rig.forwarder.counters
    return (Object.keys(drops) as (keyof typeof drops)[]).filter((cause) => drops[cause] > before[cause]).join()
  }
  t.equal(refusedBy(new Rig(), '127.20.10.1:81'), 'no-service')
  const without = new Rig()
  without.addresses.clear()
  t.equal(refusedBy(without, VIP), 'no-service')
  const sick = new Rig()
  for (const backend of BACKENDS) t.ok(sick.admit(VIP, backend, false))
  t.equal(refusedBy(sick, VIP), 'no-backend')
  const narrow = new Rig({ portRange: [20_000, 20_000] })
  for (const port of [1, 2]) narrow.fromClient(tcpPacket(`127.20.100.1:${port}`, VIP, { flags: SYN }))
  t.equal(refusedBy(narrow, VIP), 'port-exhausted')
  t.equal(narrow.forwarder.sessionCount, 2, 'a refused flow leaves nothing')
  const full = new Rig({ maxSessions: 8 })
  for (let port = 1; port <= 8; port++) {
    const client = `127.20.100.1:${port}`
    const ends = endsOf(full.fromClient(tcpPacket(client, VIP, { flags: SYN })).on[0]!)
    full.fromBackend(tcpPacket(ends.to, ends.from, { flags: SYN | ACK }))
    full.fromClient(tcpPacket(client, VIP, { flags: ACK }))
  }
  t.equal(refusedBy(full, VIP), 'table-full')
})

t.test('a flood of half-open flows throws out its own kind and nothing else', async (t) => {
  const rig = new Rig({ maxSessions: 400 })
  const ends = endsOf(rig.fromClient(tcpPacket(CLIENT, VIP, { flags: SYN })).on[0]!)
  rig.fromBackend(tcpPacket(ends.to, ends.from, { flags: SYN | ACK }))
  rig.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK }))
  for (let i = 0; i < 1_000; i++) rig.fromClient(tcpPacket(`127.20.101.${i % 250}:${10_000 + i}`, VIP, { flags: SYN }))
  t.equal(rig.forwarder.sessionsByState()['syn-seen'], 100, 'a quarter of the table')
  t.equal(rig.forwarder.counters.sessionsEvicted, 900)
  t.equal(rig.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK })).on.length, 1, 'the established flow goes on')
  rig.advance(6_500)
  t.equal(rig.forwarder.sessionsByState()['syn-seen'], 0)
})

t.test('idle sessions expire by the timeout of their state, and stay while there is traffic', async (t) => {
  const rig = new Rig()
  const ends = endsOf(rig.fromClient(tcpPacket(CLIENT, VIP, { flags: SYN })).on[0]!)
  rig.fromBackend(tcpPacket(ends.to, ends.from, { flags: SYN | ACK }))
  for (let i = 0; i < 5; i++) {
    rig.advance(50_000)
    rig.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK }))
    if (i === 0) t.equal(rig.forwarder.sessionCount, 0, 'half open for 50 s: gone')
    else break
    const again = endsOf(rig.fromClient(tcpPacket(CLIENT, VIP, { flags: SYN })).on[0]!)
    rig.fromBackend(tcpPacket(again.to, again.from, { flags: SYN | ACK }))
    rig.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK }))
  }
  t.equal(rig.forwarder.sessionCount, 1, 'established and busy: stays')
  rig.advance(125_000)
  t.equal(rig.forwarder.sessionCount, 0)
  t.equal(rig.forwarder.deadline(rig.now), Number.POSITIVE_INFINITY)
})

t.test('UDP: sessions by datagram, responses to the right client, an idle timeout', async (t) => {
  const rig = new Rig()
  const [query] = rig.fromClient(udpPacket(CLIENT, UDP_VIP, Buffer.from('who'), true)).on
  t.match(endsOf(query!), { from: `${BIP}:20000`, to: BACKENDS[0], protocol: 17 })
  t.equal(l4Sum(query!, 0), 0xffff)
  const [answer] = rig.fromBackend(udpPacket(BACKENDS[0], `${BIP}:20000`, Buffer.from('me'))).on
  t.match(endsOf(answer!), { from: UDP_VIP, to: CLIENT })
  const stranger = rig.fromBackend(udpPacket(BACKENDS[1], `${BIP}:20000`, Buffer.from('no')))
  t.equal(stranger.on.length, 0)
  t.equal(readIcmpError(stranger.back[0]!, 0)?.code, UnreachableCode.PORT)
  rig.advance(25_500)
  t.equal(rig.forwarder.sessionCount, 0)
})

t.test('an ICMP error about a translated packet reaches the sender of that packet', async (t) => {
  const rig = new Rig()
  rig.fromClient(tcpPacket(CLIENT, VIP, { flags: SYN }))
  rig.fromBackend(tcpPacket(BACKENDS[0], `${BIP}:20000`, { flags: SYN | ACK }))
  const [ack] = rig.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK })).on
  const error = new Uint8Array(200)
  const length = writeIcmpError(error, 0, 3, UnreachableCode.HOST, 0x7f140002, ack!, 0)
  const [translated] = rig.fromBackend(error.slice(0, length)).on
  t.equal(malformedIpv4(translated!, 0, translated!.length), undefined)
  t.match(readIcmpError(translated!, 0), {
    type: 3,
    code: UnreachableCode.HOST,
    offending: { sourcePort: 41_234, destinationPort: 8080, protocol: 6 },
  })
  t.equal(malformedIpv4(translated!, 28, translated!.length + 100) === 'checksum', false, 'the quoted header is whole')
  const foreign = rig.fromBackend(error.slice(0, length).fill(9, 44, 48))
  t.equal(foreign.on.length, 0)
})

t.test('a packet that goes nowhere cuts the run, and those around it pass', async (t) => {
  const rig = new Rig()
  rig.fromClient(tcpPacket(CLIENT, VIP, { flags: SYN }))
  const good = (n: number) => tcpPacket(CLIENT, VIP, { flags: ACK, sequence: n })
  const { on, back } = rig.fromClient(
    run(
      good(1),
      good(2),
      tcpPacket('127.20.100.9:9', VIP, { flags: ACK }),
      good(3),
      tcpPacket(CLIENT, VIP, { flags: ACK, ttl: 1 }),
      good(4),
    ),
  )
  t.strictSame(
    on.map((packet) => tcpSequence(packet, 20)),
    [1, 2, 3, 4],
  )
  t.equal(back.length, 2, 'a RST and a time exceeded')
  t.equal(readIcmpError(back[1]!, 0)?.type, 11)
  t.equal(rig.forwarder.counters.packetsFromUplink, 7)
})

t.test('malformed packets are counted, never thrown, and never passed on', async (t) => {
  const rig = new Rig()
  const short = tcpPacket(CLIENT, VIP, { flags: SYN })
  short[32] = 0x30 // a data offset of 12 bytes
  const unknown = tcpPacket(CLIENT, VIP, { flags: SYN })
  unknown[9] = 47
  refreshIpv4Checksum(unknown, 0)
  const lying = udpPacket(CLIENT, UDP_VIP, Buffer.from('x'))
  lying[25] = 200
  for (const packet of [short, unknown, lying]) t.equal(rig.fromClient(packet).on.length, 0)
  t.match(rig.forwarder.counters.drops, { 'malformed-transport': 2, 'no-service': 1 })
})

t.test(
  'exhausted ports and sessions refuse new flows by the cause of a real exhaustion, and leave sessions alone',
  async (t) => {
    for (const [cause, limit] of [
      ['port-exhausted', (rig: Rig, leave: number | null) => rig.forwarder.limitPorts(leave)],
      ['table-full', (rig: Rig, leave: number | null) => rig.forwarder.limitSessions(leave)],
    ] as const) {
      const rig = new Rig()
      const { counters } = rig.forwarder
      const open = (port: number) => rig.fromClient(tcpPacket(`127.20.100.7:${port}`, VIP, { flags: TcpFlag.SYN }))
      const datagram = (port: number) => rig.fromClient(udpPacket(`127.20.100.7:${port}`, UDP_VIP, Buffer.from('x')))
      const flows = [1_001, 1_002, 1_003, 1_004].flatMap((port) => open(port).on)
      t.equal(flows.length, 4)
      t.equal(datagram(1_001).on.length, 1)
      limit(rig, 0)
      const refused = open(1_005)
      t.equal(refused.on.length, 0)
      t.ok((tcpFlags(refused.back[0]!, 20) & TcpFlag.RST) !== 0, 'the client gets a RST')
      t.equal(datagram(1_005).on.length, 0)
      t.equal(counters.drops[cause], 2)
      t.equal(counters.sessionsEvicted, 0)
      t.equal(rig.forwarder.sessionCount, 5, 'no session makes room')
      t.equal(open(1_001).on.length, 1, 'a flow that is known goes on')
      t.equal(datagram(1_001).on.length, 1)
      limit(rig, cause === 'table-full' ? 6 : 3)
      t.equal(open(1_006).on.length, 1)
      limit(rig, null)
      for (let port = 1_100; port < 1_200; port++) t.equal(open(port).on.length, 1)
      t.equal(counters.drops[cause], 2)
    }
  },
)
