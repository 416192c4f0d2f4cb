import { BACKEND_POLICIES, roundRobin, ServiceTable } from '@fivetuple/lb-node'
import {
  clientAddressOption,
  fillL4Checksum,
  IcmpType,
  IpProtocol,
  isAdmissionRefusal,
  l4Sum,
  malformedIpv4,
  parseEndpoint,
  readIcmpError,
  refreshIpv4Checksum,
  SOURCE_PORT_POINTER,
  TcpFlag,
  tcpFlags,
  tcpSequence,
  UnreachableCode,
  vipAddressOption,
  writeClientAddressOption,
  writeIcmpError,
  writeU16,
  writeVipAddressOption,
} from '@fivetuple/packet'
import t from 'tap'
import { MemberLinkOutput } from '../../dist/ports/member-link-output.js'
import { Outbox, run, tcpPacket, udpPacket } from './packets.js'
import { BACKENDS, BIP, CLIENT, endsOf, Rig, UDP_VIP, VIP } from './rig.js'

const { SYN, ACK, RST } = TcpFlag
const syn = (client: string) => tcpPacket(client, VIP, { flags: SYN, sequence: 77 })
const client = (i: number) => `127.20.100.7:${40_000 + i}`

t.test('a refused SYN is sent to another backend, and the client hears of that one only', async (t) => {
  const rig = new Rig()
  const [first] = rig.fromClient(syn(CLIENT)).on
  t.match(endsOf(first!), { to: BACKENDS[0] })
  const refusal = rig.fromBackend(tcpPacket(BACKENDS[0], endsOf(first!).from, { flags: RST | ACK, acknowledgment: 78 }))
  t.equal(refusal.on.length, 0, 'the client sees nothing')
  const [second] = refusal.back
  t.match(endsOf(second!), { to: BACKENDS[1] })
  t.equal(tcpFlags(second!, 20), SYN)
  t.equal(tcpSequence(second!, 20), 77, 'it is the same SYN')
  const [answer] = rig.fromBackend(tcpPacket(BACKENDS[1], endsOf(second!).from, { flags: SYN | ACK })).on
  t.match(endsOf(answer!), { from: VIP, to: CLIENT })
  t.strictSame(rig.failures, ['backend-1 refused'])
  t.equal(rig.forwarder.counters.connectRetries, 1)
  t.strictSame(
    [...rig.forwarder.services]
      .find(({ spec }) => spec.name === 'web')!
      .backends.map(({ sessions, connectFailures }) => [sessions, connectFailures]),
    [
      [0, 1],
      [1, 0],
    ],
  )
})

t.test('no backend is tried twice for the same flow: of three, the working one is found', async (t) => {
  const rig = new Rig({}, { backends: 3 })
  for (let i = 0; i < 60; i++) {
    let [packet] = rig.fromClient(syn(client(i))).on
    const asked: string[] = []
    while (packet !== undefined && asked.length < 3) {
      const { from, to } = endsOf(packet)
      asked.push(to)
      packet = rig.fromBackend(tcpPacket(to, from, { flags: RST | ACK, acknowledgment: 78 })).back[0]
    }
    t.equal(new Set(asked).size, 3, asked.join())
  }
})

t.test('if every backend refuses, the client is reset in the end', async (t) => {
  const rig = new Rig({}, { backends: 5 })
  let [packet] = rig.fromClient(syn(CLIENT)).on
  const asked: string[] = []
  let told: Uint8Array[] = []
  while (packet !== undefined && told.length === 0) {
    const { from, to } = endsOf(packet)
    asked.push(to)
    const { on, back } = rig.fromBackend(tcpPacket(to, from, { flags: RST | ACK, acknowledgment: 78 }))
    told = on
    packet = back[0]
  }
  t.equal(asked.length, 3)
  t.match(endsOf(told[0]!), { from: VIP, to: CLIENT })
  t.equal(tcpFlags(told[0]!, 20), RST | ACK)
  rig.advance(3_000)
  t.equal(rig.forwarder.sessionCount, 0)
})

t.test('with one backend the refusal passes at once', async (t) => {
  const rig = new Rig({}, { backends: 1 })
  const [packet] = rig.fromClient(syn(CLIENT)).on
  t.equal(rig.fromBackend(tcpPacket(BACKENDS[0], endsOf(packet!).from, { flags: RST | ACK })).on.length, 1)
})

t.test('a repeated SYN without a response tries another backend; one repeated early does not', async (t) => {
  const rig = new Rig()
  rig.fromClient(syn(CLIENT))
  rig.now += 200
  t.match(endsOf(rig.fromClient(syn(CLIENT)).on[0]!), { to: BACKENDS[0] })
  rig.now += 800
  const [takenBack, again] = rig.fromClient(syn(CLIENT)).on
  t.match(endsOf(takenBack!), { from: `${BIP}:20000`, to: BACKENDS[0] })
  t.strictSame([tcpFlags(takenBack!, 20), tcpSequence(takenBack!, 20)], [RST, 78], 'what the first one may be opening')
  t.match(endsOf(again!), { to: BACKENDS[1] })
  t.strictSame(rig.failures, ['backend-1 timeout'])
  const late = rig.fromBackend(tcpPacket(BACKENDS[0], `${BIP}:20000`, { flags: SYN | ACK }))
  t.equal(late.on.length, 0, 'a late answer of the first one goes nowhere')
  t.equal(tcpFlags(late.back[0]!, 20), RST)
})

t.test(
  'a repeated SYN leaves a backend that may take no flows any more at once, and is no failure of it',
  async (t) => {
    const rig = new Rig()
    rig.fromClient(syn(CLIENT))
    rig.admit(VIP, BACKENDS[0], false)
    rig.now += 200
    const { on } = rig.fromClient(syn(CLIENT))
    t.strictSame(
      on.map((packet) => [tcpFlags(packet, 20), endsOf(packet).to]),
      [
        [RST, BACKENDS[0]],
        [SYN, BACKENDS[1]],
      ],
    )
    t.strictSame(rig.failures, [])
  },
)

t.test('with nowhere else to go, a SYN stays with its backend, which goes on opening', async (t) => {
  const rig = new Rig({}, { backends: 1 })
  rig.fromClient(syn(CLIENT))
  rig.now += 1_000
  t.strictSame(
    rig.fromClient(syn(CLIENT)).on.map((packet) => [tcpFlags(packet, 20), endsOf(packet).to]),
    [[SYN, BACKENDS[0]]],
  )
})

t.test('a half-open session that ends takes its SYN back from the backend', async (t) => {
  for (const backends of [1, 2]) {
    const rig = new Rig({ maxSessions: 8 }, { backends }) // two of them half-open
    rig.fromClient(syn(client(1)))
    t.strictSame(
      rig
        .fromClient(run(syn(client(2)), syn(client(3))))
        .on.map((packet) => [tcpFlags(packet, 20), endsOf(packet).from]),
      [
        [SYN, `${BIP}:${backends === 1 ? 20_001 : 20_000}`],
        [RST, `${BIP}:20000`],
        [SYN, `${BIP}:${backends === 1 ? 20_002 : 20_001}`],
      ],
      'evicted, behind what came before it in the run',
    )
    t.strictSame(
      rig.advance(7_000).map((packet) => [tcpFlags(packet, 20), tcpSequence(packet, 20)]),
      [
        [RST, 78],
        [RST, 78],
      ],
      'expired',
    )
    t.equal(rig.forwarder.sessionCount, 0)
  }
  const rig = new Rig()
  const [packet] = rig.fromClient(syn(CLIENT)).on
  rig.fromBackend(tcpPacket(BACKENDS[0], endsOf(packet!).from, { flags: SYN | ACK }))
  t.strictSame(rig.advance(7_000), [], 'one that has been answered is the backend’s to end')
})

t.test('a SYN is taken back by the member link that it went by', async (t) => {
  const links = [new Outbox(), new Outbox()] as const
  const downlink = new MemberLinkOutput(links as unknown as MemberLinkOutput['memberLinks'])
  const rig = new Rig({}, { downlink })
  downlink.select(1)
  rig.fromClient(syn(client(1)))
  downlink.select(0)
  rig.fromClient(syn(client(2)))
  t.strictSame(
    links.map((link) => link.takePackets().map((packet) => tcpFlags(packet, 20))),
    [[SYN], [SYN]],
  )
  downlink.select(0)
  rig.advance(7_000)
  t.strictSame(
    links.map((link) => link.takePackets().map((packet) => endsOf(packet).to)),
    [[BACKENDS[1]], [BACKENDS[0]]],
  )
  t.equal(downlink.selected, 0)
})

t.test('a SYN on an established session opens no connection, and ends no live one', async (t) => {
  for (const eligible of [true, false]) {
    const rig = new Rig()
    const [first] = rig.fromClient(syn(CLIENT)).on
    const { from: nat } = endsOf(first!)
    rig.fromBackend(tcpPacket(BACKENDS[0], nat, { flags: SYN | ACK, sequence: 500, acknowledgment: 78 }))
    rig.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK, sequence: 78, acknowledgment: 501 }))
    rig.admit(VIP, BACKENDS[0], eligible)
    const again = () => rig.fromClient(tcpPacket(CLIENT, VIP, { flags: SYN, sequence: 9_000, checksum: true })).on
    const [challenge] = again()
    t.match(endsOf(challenge!), { from: nat, to: BACKENDS[0] })
    t.equal(tcpFlags(challenge!, 20), SYN | ACK, 'no listener takes it for a SYN')
    const copy = challenge!.slice()
    fillL4Checksum(copy, 0)
    t.same(challenge, copy, 'its checksum is right')

    // A backend that has the connection answers with a challenge ACK, which is nothing to the client that is alive.
    const ack = tcpPacket(BACKENDS[0], nat, { flags: ACK, sequence: 501, acknowledgment: 78 })
    t.equal(tcpFlags(rig.fromBackend(ack).on[0]!, 20), ACK)
    t.equal(rig.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK, sequence: 78 })).on.length, 1)
    t.equal(rig.forwarder.sessions(rig.now)[0]!.state, 'established')

    // One that has it no more answers with RST: the SYN that the client repeats is a new flow.
    again()
    rig.fromBackend(tcpPacket(BACKENDS[0], nat, { flags: RST, sequence: 0 }))
    const [repeated] = again()
    t.equal(tcpFlags(repeated!, 20), SYN)
    t.match(endsOf(repeated!), { to: BACKENDS[1] })
  }
})

t.test('ICMP unreachable about a SYN tries another backend', async (t) => {
  const rig = new Rig()
  const [packet] = rig.fromClient(syn(CLIENT)).on
  const error = new Uint8Array(200)
  const length = writeIcmpError(error, 0, 3, UnreachableCode.HOST, 0x7f140002, packet!, 0)
  const { on, back } = rig.fromBackend(error.slice(0, length))
  t.equal(on.length, 0)
  t.match(endsOf(back[0]!), { to: BACKENDS[1] })
})

/** An ICMP error about a packet that has gone to a backend. */
function errorAbout(packet: Uint8Array, type: number, code: number, pointer = 0): Uint8Array {
  const error = new Uint8Array(200)
  return error.slice(0, writeIcmpError(error, 0, type, code, 0x7f140302, packet, 0, pointer))
}
const portInUse = (packet: Uint8Array) => errorAbout(packet, IcmpType.PARAMETER_PROBLEM, 0, SOURCE_PORT_POINTER)

for (const backends of [1, 2])
  t.test(`a source port in use: another port, the same backend, which is not blamed (${backends})`, async (t) => {
    const rig = new Rig({ portRange: [20_000, 20_003] }, { backends })
    let [packet] = rig.fromClient(syn(CLIENT)).on
    const sources: string[] = []
    for (let i = 0; i < 3; i++) {
      sources.push(endsOf(packet!).from)
      const { on, back } = rig.fromBackend(portInUse(packet!))
      t.equal(on.length, 0, 'the client sees nothing')
      packet = back[0]
      t.match(endsOf(packet!), { to: BACKENDS[0] })
      t.equal(tcpSequence(packet!, 20), 77, 'it is the same SYN')
    }
    t.strictSame(sources, [`${BIP}:20000`, `${BIP}:20001`, `${BIP}:20002`])
    const [response] = rig.fromBackend(tcpPacket(BACKENDS[0], `${BIP}:20003`, { flags: SYN | ACK })).on
    t.match(endsOf(response!), { from: VIP, to: CLIENT })
    t.strictSame(rig.failures, [])
    t.match(rig.forwarder.counters.drops, { 'source-port-in-use': 3, retried: 0 })
  })

t.test('when no source port can be used, the client hears that a limit is in the way', async (t) => {
  const rig = new Rig({ portRange: [20_000, 20_001] }, { backends: 1 })
  const [first] = rig.fromClient(syn(CLIENT)).on
  const [second] = rig.fromBackend(portInUse(first!)).back
  const { on, back } = rig.fromBackend(portInUse(second!))
  t.equal(back.length, 0)
  const error = readIcmpError(on[0]!, 0)!
  t.equal(malformedIpv4(on[0]!, 0, on[0]!.length), undefined)
  t.equal(isAdmissionRefusal(error), true)
  t.match(error.offending, { sourceAddress: parseEndpoint(CLIENT)!.address, sourcePort: parseEndpoint(CLIENT)!.port })
  t.equal(rig.forwarder.sessionCount, 0, 'and its session is gone')
  t.strictSame(rig.failures, [])
  t.equal(rig.fromClient(syn(client(2))).on.length, 1, 'later flows try again')
})

t.test('a limit at the edge: no other backend is tried, no backend is blamed, the client is reset', async (t) => {
  const rig = new Rig()
  const [packet] = rig.fromClient(syn(CLIENT)).on
  const { on, back } = rig.fromBackend(errorAbout(packet!, 3, UnreachableCode.ADMINISTRATIVELY_PROHIBITED))
  t.equal(back.length, 0)
  t.equal(isAdmissionRefusal(readIcmpError(on[0]!, 0)!), true)
  t.strictSame(rig.failures, [])
  t.match(rig.forwarder.counters.drops, { 'edge-limit': 1 })
  t.equal(rig.forwarder.sessionCount, 0)
})

t.test('a UDP session whose source port is in use goes on from another one', async (t) => {
  const rig = new Rig()
  const ask = () => rig.fromClient(udpPacket(CLIENT, UDP_VIP, Buffer.from('x'))).on[0]!
  const [first, second] = [ask(), ask()]
  t.match([endsOf(first).from, endsOf(second).from], [`${BIP}:20000`, `${BIP}:20000`])
  for (const datagram of [first, second]) {
    const { on, back } = rig.fromBackend(portInUse(datagram))
    t.match([on.length, back.length], [0, 0])
  }
  const third = ask()
  t.match(endsOf(third), { from: `${BIP}:20001`, to: endsOf(first).to })
  const [response] = rig.fromBackend(udpPacket(endsOf(first).to, `${BIP}:20001`, Buffer.from('y'))).on
  t.match(endsOf(response!), { from: UDP_VIP, to: CLIENT })
  t.match(rig.forwarder.counters.drops, { 'source-port-in-use': 2, 'unknown-flow': 0 })
})

t.test('a late report about a session that is established changes nothing', async (t) => {
  const rig = new Rig()
  const [packet] = rig.fromClient(syn(CLIENT)).on
  rig.fromBackend(tcpPacket(BACKENDS[0], endsOf(packet!).from, { flags: SYN | ACK }))
  const { on, back } = rig.fromBackend(portInUse(packet!))
  t.match([on.length, back.length], [0, 0])
  t.match(endsOf(rig.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK })).on[0]!), { from: endsOf(packet!).from })
})

t.test('what a dead backend refuses is spread over all others', async (t) => {
  const rig = new Rig({}, { backends: 4 })
  const counts = new Map<string, number>()
  for (let i = 0; i < 1_200; i++) {
    const [packet] = rig.fromClient(syn(client(i))).on
    const { from, to } = endsOf(packet!)
    if (to !== BACKENDS[0]) continue
    const [next] = rig.fromBackend(tcpPacket(to, from, { flags: RST | ACK, acknowledgment: 78 })).back
    const target = endsOf(next!).to
    counts.set(target, (counts.get(target) ?? 0) + 1)
  }
  t.equal(counts.size, 3)
  for (const [target, count] of counts) t.ok(count > 70 && count < 130, `${target}: ${count} of 300`)
})

t.test('SYNs kept are let go of', async (t) => {
  const rig = new Rig({}, { backends: 2 })
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 2_000; i++) rig.fromClient(syn(client(i)))
    rig.advance(6_000)
    t.equal(rig.forwarder.sessionCount, 0)
  }
  for (let i = 0; i < 17_000; i++) rig.fromClient(syn(`127.20.101.7:${10_000 + i}`))
  t.ok(rig.forwarder.sessionCount > 0, 'a full store refuses no flow')
})

t.test('a service has no more sessions than it may, and others are not touched', async (t) => {
  const rig = new Rig({}, { service: { limits: { maxSessions: 2, newFlowsPerSecond: null } } })
  t.equal(rig.fromClient(syn(client(1))).on.length, 1)
  t.equal(rig.fromClient(syn(client(2))).on.length, 1)
  const third = rig.fromClient(syn(client(3)))
  t.equal(tcpFlags(third.back[0]!, 20), RST | ACK)
  t.equal(rig.forwarder.counters.drops['service-sessions'], 1)
  t.equal(rig.fromClient(udpPacket(CLIENT, UDP_VIP, Buffer.from('x'))).on.length, 1, 'the other service')
  rig.advance(6_000)
  t.equal(rig.fromClient(syn(client(3))).on.length, 1)
})

t.test('new flows above the rate of a service are dropped without a response', async (t) => {
  const rig = new Rig({}, { service: { limits: { maxSessions: null, newFlowsPerSecond: 100 } } })
  const outcomes = Array.from({ length: 50 }, (_, i) => rig.fromClient(syn(client(i))))
  t.equal(outcomes.filter(({ on }) => on.length === 1).length, 10, 'a tenth of a second at once')
  t.ok(outcomes.every(({ back }) => back.length === 0))
  t.equal(rig.forwarder.counters.drops['service-flow-rate'], 40)
  rig.now += 1_000
  t.equal(rig.fromClient(syn(client(60))).on.length, 1)
})

t.test('an LB out of capacity loses packets, in both directions', async (t) => {
  const rig = new Rig({}, { capacity: { packetsPerSecond: 1_000, newFlowsPerSecond: null } })
  const [first] = rig.fromClient(syn(CLIENT)).on
  for (let i = 0; i < 200; i++) rig.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK }))
  t.equal(rig.forwarder.counters.drops['over-capacity'], 101)
  t.equal(rig.fromBackend(tcpPacket(BACKENDS[0], endsOf(first!).from, { flags: ACK })).on.length, 0)
})

t.test('with active-backup a flow that is refused goes to the next backend of the list', async (t) => {
  const rig = new Rig({}, { backends: 3, service: { policy: BACKEND_POLICIES['active-backup'].create() } })
  for (let i = 0; i < 8; i++) {
    const [first] = rig.fromClient(syn(client(i))).on
    t.match(endsOf(first!), { to: BACKENDS[0] })
    const { from, to } = endsOf(first!)
    const [second] = rig.fromBackend(tcpPacket(to, from, { flags: RST | ACK, acknowledgment: 78 })).back
    t.match(endsOf(second!), { to: BACKENDS[1] })
  }
})

t.test('no healthy backend: refused, or panic mode', async (t) => {
  const strict = new Rig()
  for (const backend of BACKENDS) strict.admit(VIP, backend, false)
  t.equal(tcpFlags(strict.fromClient(syn(CLIENT)).back[0]!, 20), RST | ACK)
  t.equal(strict.forwarder.counters.drops['no-backend'], 1)
  const lenient = new Rig({}, { service: { panic: { panicThreshold: 0, panicsWhenDown: true } } })
  for (const backend of BACKENDS) lenient.admit(VIP, backend, false)
  t.match(endsOf(lenient.fromClient(syn(CLIENT)).on[0]!), { to: BACKENDS[0] })
  const service = lenient.service('web')
  t.match(service, { isInPanic: true, flowsInPanic: 1 })
  lenient.admit(VIP, BACKENDS[1], true)
  for (let i = 0; i < 4; i++)
    t.match(endsOf(lenient.fromClient(syn(client(i))).on[0]!), { to: BACKENDS[1] }, 'a healthy one is preferred')
})

t.test('a SYN passes the client’s address to backends that are configured for it, also on a retry', async (t) => {
  const told = (packet: Uint8Array) => clientAddressOption(packet, 20, packet.length)
  const rig = new Rig({}, { service: { clientAddress: 'proxy-v2' } })
  const [first] = rig.fromClient(syn(CLIENT)).on
  t.same(told(first!), parseEndpoint(CLIENT))
  t.equal(malformedIpv4(first!, 0, first!.length), undefined)
  const [repeated] = rig.fromClient(syn(CLIENT)).on
  t.same(told(repeated!), parseEndpoint(CLIENT), 'either may be the one that arrives')
  const { from, to } = endsOf(first!)
  const [second] = rig.fromBackend(tcpPacket(to, from, { flags: RST | ACK, acknowledgment: 78 })).back
  t.match(endsOf(second!), { to: BACKENDS[1] })
  t.same(told(second!), parseEndpoint(CLIENT))
  for (const packet of [first!, repeated!, second!])
    t.same(vipAddressOption(packet, 20, packet.length), parseEndpoint(VIP), 'and where the client has connected to')
  const [data] = rig.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK })).on
  t.equal(data!.length, 40, 'no other packet grows')
})

t.test('with TOA the client is named until the backend has completed the handshake', async (t) => {
  const told = (packet: Uint8Array) => clientAddressOption(packet, 20, packet.length)
  const rig = new Rig({}, { service: { clientAddress: 'toa' } })
  const [first] = rig.fromClient(syn(CLIENT)).on
  t.same(told(first!), parseEndpoint(CLIENT))
  t.equal(vipAddressOption(first!, 20, first!.length), undefined)
  const { from: nat } = endsOf(first!)
  const segment = (flags: number, payload = '') =>
    rig.fromClient(tcpPacket(CLIENT, VIP, { flags, sequence: 78, payload: Buffer.from(payload), checksum: true }))
      .on[0]!
  rig.fromBackend(tcpPacket(BACKENDS[0], nat, { flags: SYN | ACK }))
  for (const payload of ['', 'request', 'more']) {
    // The kernel modules read the segment that makes the connection established: the first of these that is not lost.
    const packet = segment(ACK, payload)
    t.same(told(packet), parseEndpoint(CLIENT))
    t.equal(Buffer.from(packet.subarray(48)).toString(), payload)
    t.equal(l4Sum(packet, 0), 0xffff)
    rig.fromBackend(tcpPacket(BACKENDS[0], nat, { flags: SYN | ACK })) // repeated: no ACK has arrived
  }
  const rest = segment(RST)
  t.equal(told(rest), undefined, 'a RST names nobody')
  const other = new Rig({}, { service: { clientAddress: 'toa' } })
  const { from } = endsOf(other.fromClient(syn(CLIENT)).on[0]!)
  other.fromBackend(tcpPacket(BACKENDS[0], from, { flags: SYN | ACK }))
  other.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK }))
  other.fromBackend(tcpPacket(BACKENDS[0], from, { flags: ACK }))
  const [later] = other.fromClient(tcpPacket(CLIENT, VIP, { flags: ACK })).on
  t.equal(later!.length, 40, 'the backend has answered: nothing grows any more')
})

t.test('no segment of a client can name another one, whether the client is passed on or not', async (t) => {
  for (const clientAddress of ['none', 'toa', 'proxy-v2'] as const) {
    const rig = new Rig({}, { service: { clientAddress } })
    const forged = (flags: number) => {
      const b = new Uint8Array(56)
      b.set(tcpPacket(CLIENT, VIP, { flags, sequence: 77 }))
      writeClientAddressOption(b, 40, 0x0a000001, 1)
      writeVipAddressOption(b, 48, 0x0a000002, 2)
      b[32] = 0x90
      writeU16(b, 2, b.length)
      refreshIpv4Checksum(b, 0)
      return rig.fromClient(b).on[0]!
    }
    const packets = [forged(SYN)]
    const { from } = endsOf(packets[0]!)
    rig.fromBackend(tcpPacket(BACKENDS[0], from, { flags: SYN | ACK }))
    packets.push(forged(ACK))
    rig.fromBackend(tcpPacket(BACKENDS[0], from, { flags: ACK }))
    packets.push(forged(ACK))
    const [vip, client] = [parseEndpoint(VIP), parseEndpoint(CLIENT)]
    t.same(
      packets.map((b) => [clientAddressOption(b, 20, b.length), vipAddressOption(b, 20, b.length)]),
      {
        none: [
          [undefined, undefined],
          [undefined, undefined],
          [undefined, undefined],
        ],
        toa: [
          [client, undefined],
          [client, undefined],
          [undefined, undefined],
        ],
        'proxy-v2': [
          [client, vip],
          [undefined, undefined],
          [undefined, undefined],
        ],
      }[clientAddress],
    )
  }
})

t.test('packets around a SYN that is written anew all arrive, in their order', async (t) => {
  const rig = new Rig({}, { service: { clientAddress: 'proxy-v2' } })
  rig.fromClient(syn(CLIENT))
  const data = (sequence: number) => tcpPacket(CLIENT, VIP, { flags: ACK, sequence })
  const { on } = rig.fromClient(run(data(1), data(2), syn(client(1)), data(3), syn(client(2)), syn(client(3)), data(4)))
  t.strictSame(
    on.map((packet) => tcpSequence(packet, 20)),
    [1, 2, 77, 3, 77, 77, 4],
  )
})

t.test('LBs do not all begin with the first backend, nor does an LB that is started again', async (t) => {
  const firsts = [0, 0.25, 0.5, 0.99].map((drawn) => {
    const services = new ServiceTable([20_000, 29_999], () => drawn)
    services.set({
      name: 'web',
      address: 1,
      port: 8080,
      protocol: IpProtocol.TCP,
      policy: roundRobin,
      backends: [1, 2, 3].map((k) => ({ name: `backend-${k}`, address: k, port: 80, weight: 1 })),
    })
    const service = services.find(1, 8080, IpProtocol.TCP)!
    const turns = Array.from({ length: 3 }, () => {
      const picked = roundRobin.pick({ clientAddress: 1, clientPort: 1 }, service)
      service.newFlows++
      return picked
    })
    t.strictSame([...turns].sort(), [0, 1, 2], 'each has its turn all the same')
    return turns[0]
  })
  t.ok(new Set(firsts).size > 1, `${firsts}`)
})
