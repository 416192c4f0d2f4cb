import type { BackendChange, ServiceSpec } from '@fivetuple/lb-node'
import { BACKEND_POLICIES, lbSessionsToDrain, sessionsToDrain, UDP_DRAIN_MS } from '@fivetuple/lb-node'
import { IcmpType, IpProtocol, parseEndpoint, UnreachableCode, writeIcmpError } from '@fivetuple/packet'
import t from 'tap'
import { run, udpPacket } from './packets.js'
import { CLIENT, endsOf, Rig, UDP_VIP } from './rig.js'

const VIP_KEY = { ...parseEndpoint(UDP_VIP)!, protocol: IpProtocol.UDP }
const datagram = (client = CLIENT) => udpPacket(client, UDP_VIP, Buffer.from('x'))
const client = (i: number) => `127.20.100.7:${40_000 + i}`
const backend = (k: number) => `127.20.3.${k}:8080`

/** The UDP service of a rig. */
const serviceOf = (rig: Rig) => [...rig.forwarder.services].find(({ spec }) => spec.protocol === IpProtocol.UDP)!

function change(rig: Rig, k: number, change: BackendChange): void {
  const { address, port } = parseEndpoint(backend(k))!
  rig.forwarder.setBackend(VIP_KEY, address, port, change)
}

/** Sends a datagram of a client; tells where it left to, and from which port. */
function send(rig: Rig, from = CLIENT): { from: string; to: string } | undefined {
  const [packet] = rig.fromClient(datagram(from)).on
  return packet && endsOf(packet)
}

/** ICMP error about a datagram that left the LB with these ends. */
function icmpError(
  { from, to }: { from: string; to: string },
  code: number,
  type: number = IcmpType.DESTINATION_UNREACHABLE,
) {
  const b = new Uint8Array(200)
  return b.slice(
    0,
    writeIcmpError(b, 0, type, code, parseEndpoint(to)!.address, udpPacket(from, to, Buffer.from('x')), 0),
  )
}

const reasons: readonly [string, (rig: Rig, k: number) => void][] = [
  ['unhealthy', (rig, k) => change(rig, k, { isHealthy: false })],
  ['drained', (rig, k) => change(rig, k, { isDrained: true })],
  [
    'of weight 0',
    (rig, k) => {
      const { spec } = serviceOf(rig)
      const backends = spec.backends.map((b, i) => ({ ...b, weight: i === k - 1 ? 0 : 1 }))
      rig.forwarder.setService({ ...spec, backends })
    },
  ],
  [
    'removed from the service',
    (rig, k) => {
      const { spec } = serviceOf(rig)
      rig.forwarder.setService({ ...spec, backends: spec.backends.filter((_, i) => i !== k - 1) })
    },
  ],
]

for (const [reason, take] of reasons)
  t.test(`a UDP flow whose backend is ${reason} has another one from its next datagram on`, async (t) => {
    const rig = new Rig()
    const before = send(rig)!
    t.equal(before.to, backend(1))
    t.same(send(rig), before, 'until then it stays')
    take(rig, 1)
    const after = send(rig)!
    t.equal(after.to, backend(2))
    t.same(send(rig), after)
    const [late] = rig.fromBackend(udpPacket(backend(1), before.from, Buffer.from('late'))).on
    t.match(endsOf(late!), { from: UDP_VIP, to: CLIENT }, 'what the former one still sends arrives')
    const [response] = rig.fromBackend(udpPacket(backend(2), after.from, Buffer.from('new'))).on
    t.match(endsOf(response!), { from: UDP_VIP, to: CLIENT })
    t.match(rig.forwarder.counters, { udpFlowsMoved: 1, connectRetries: 0 })
    t.match(rig.forwarder.sessionsByState(), { udp: 1, 'udp-moved': 1 })
    rig.advance(3_000)
    t.match(rig.forwarder.sessionsByState(), { udp: 1, 'udp-moved': 0 })
    t.equal(rig.fromBackend(udpPacket(backend(1), before.from, Buffer.from('too late'))).on.length, 0)
    rig.advance(30_000)
    t.equal(rig.forwarder.sessionCount, 0)
    t.equal(serviceOf(rig).sessions, 0)
    t.same(
      serviceOf(rig).backends.map(({ sessions, ports }) => [sessions, ports.used]),
      serviceOf(rig).backends.map(() => [0, 0]),
    )
  })

t.test('a flow without another backend stays with one that works, and is refused by one that does not', async (t) => {
  const rig = new Rig({}, { backends: 1 })
  const before = send(rig)!
  change(rig, 1, { isDrained: true })
  t.same(send(rig), before, 'drained: it works')
  t.equal(send(rig, client(1)), undefined, 'a new flow is refused')
  change(rig, 1, { isDrained: false, isHealthy: false })
  const { on, back } = rig.fromClient(datagram())
  t.same([on.length, back.length], [0, 1], 'unhealthy: the client gets ICMP')
  t.equal(rig.forwarder.counters.drops['no-backend'], 2)
  t.equal(rig.forwarder.sessionCount, 0)
  change(rig, 1, { isHealthy: true })
  t.equal(send(rig)!.to, backend(1))
})

t.test('in panic mode a flow stays with its unhealthy backend', async (t) => {
  const rig = new Rig({}, { service: { panic: { panicThreshold: 0, panicsWhenDown: true } } })
  const before = send(rig)!
  for (const k of [1, 2]) change(rig, k, { isHealthy: false })
  t.same(send(rig), before)
})

t.test('port unreachable about a datagram is a failure of its backend, and the flow has another one', async (t) => {
  const rig = new Rig({}, { backends: 3, service: { policy: BACKEND_POLICIES.maglev.create() } })
  const first = send(rig)!
  send(rig)
  const { on } = rig.fromBackend(icmpError(first, UnreachableCode.PORT))
  t.equal(on.length, 0, 'the client does not hear of it')
  t.same(rig.failures, [
    `${serviceOf(rig).backends.find((b) => first.to === `127.20.3.${b.address & 255}:8080`)!.spec.name} refused`,
  ])
  const second = send(rig)!
  t.not(second.to, first.to, 'although the policy would choose the same')
  t.equal(rig.fromBackend(icmpError(first, UnreachableCode.PORT)).on.length, 0)
  t.equal(rig.failures.length, 1, 'the second datagram of the burst is no second failure')
  t.same(send(rig), second, 'and moves nothing')
  t.equal(rig.forwarder.counters.drops.retried, 2)
  rig.fromBackend(icmpError(second, UnreachableCode.HOST))
  t.match(rig.failures[1], /unreachable$/)
  t.same(
    serviceOf(rig).backends.reduce((sum, { connectFailures }) => sum + connectFailures, 0),
    2,
  )
})

t.test('while all backends refuse, clients get ICMP and sessions do not pile up', async (t) => {
  const rig = new Rig({}, { backends: 5 })
  let told = 0
  for (let i = 0; i < 1_000; i++) {
    told += rig.fromBackend(icmpError(send(rig)!, UnreachableCode.PORT)).on.length
    rig.advance(5)
  }
  t.ok(told > 900, `${told} of 1,000 errors reached the client`)
  const { udpFlowsMoved } = rig.forwarder.counters
  t.ok(udpFlowsMoved <= 12, `in 5 s the flow had ${udpFlowsMoved} backends`)
  rig.advance(3_000)
  t.equal(rig.forwarder.sessionCount, 1)
  const alone = new Rig({}, { backends: 1 })
  t.equal(alone.fromBackend(icmpError(send(alone)!, UnreachableCode.PORT)).on.length, 1, 'with one backend at once')
  t.same(alone.failures, ['backend-1 refused'])
})

t.test('a TTL that has run out is no failure of the backend', async (t) => {
  const rig = new Rig()
  const before = send(rig)!
  t.equal(rig.fromBackend(icmpError(before, 0, IcmpType.TIME_EXCEEDED)).on.length, 1, 'the client gets it')
  t.same(rig.failures, [])
  t.same(send(rig), before)
})

t.test('flows that move neither count against limits nor overfill tables', async (t) => {
  const limits = { maxSessions: 2, newFlowsPerSecond: 1 }
  const rig = new Rig({}, { service: { limits } as Partial<ServiceSpec> })
  send(rig)
  change(rig, 1, { isDrained: true })
  t.equal(send(rig)!.to, backend(2))
  const full = new Rig({ maxSessions: 2 })
  const [one, two] = [send(full, client(1))!, send(full, client(2))!]
  t.same([one.to, two.to], [backend(1), backend(2)])
  change(full, 1, { isDrained: true })
  t.same(send(full, client(1)), one, 'a full table: it stays where it is')
  const narrow = new Rig({ portRange: [20_000, 20_000] })
  const [left, right] = [send(narrow, client(1))!, send(narrow, client(2))!]
  change(narrow, 1, { isDrained: true })
  t.same([send(narrow, client(1)), send(narrow, client(2))], [left, right], 'no source port left: the same')
})

t.test('a run of datagrams of one flow is moved within the run', async (t) => {
  const rig = new Rig()
  send(rig)
  change(rig, 1, { isDrained: true })
  const { on } = rig.fromClient(run(datagram(), datagram(), datagram(client(1)), datagram()))
  t.same(
    on.map((packet) => endsOf(packet).to),
    Array.from({ length: 4 }, () => backend(2)),
  )
  t.equal(new Set(on.map((packet) => endsOf(packet).from)).size, 2)
})

t.test('a drain waits for UDP for as long as it may still be in use', async (t) => {
  const rig = new Rig()
  send(rig)
  const [first] = serviceOf(rig).backends
  change(rig, 1, { isDrained: true })
  t.equal(sessionsToDrain(first!, 0), 1, 'a response may be on its way')
  t.equal(sessionsToDrain(first!, UDP_DRAIN_MS), 0, 'the flow has not sent anything since')
  change(rig, 2, { isDrained: true })
  t.equal(sessionsToDrain(first!, UDP_DRAIN_MS), 1, 'without another backend it goes on there')
  change(rig, 1, { isHealthy: false })
  t.equal(sessionsToDrain(first!, UDP_DRAIN_MS), 0)
  t.equal(lbSessionsToDrain(rig.forwarder.services, 0), 1)
  t.equal(lbSessionsToDrain(rig.forwarder.services, UDP_DRAIN_MS), 0)
})
