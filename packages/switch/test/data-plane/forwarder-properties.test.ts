import assert from 'node:assert/strict'
import { type FiveTuple, FLOW_HASHES, parseIpv4 } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { allSelections, selectionOf } from './all-selections.js'
import { rig } from './forwarder-rig.js'
import { concat, errorAboutAnswerTo, packetOf } from './packets.js'

const NET = parseIpv4('127.20.10.0')!
const ROUTES = {
  '127.20.10.0/24': [0],
  '127.20.10.0/30': [1, 2, 3, 4, 5, 6, 7],
  '127.20.10.2/32': [1, 3, 8],
  '127.20.10.3/32': [5],
}

const tuple: fc.Arbitrary<FiveTuple> = fc.record({
  sourceAddress: fc.nat(0xffffffff),
  destinationAddress: fc.oneof({ weight: 6, arbitrary: fc.nat(7).map((i) => NET + i) }, fc.nat(0xffffffff)),
  sourcePort: fc.nat(0xffff),
  destinationPort: fc.nat(0xffff),
  protocol: fc.constantFrom(6, 6, 17, 1, 47),
})
const hash = fc.constantFrom(...Object.values(FLOW_HASHES))
const seed = fc.nat(0xffffffff)
const down = fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 3 })

t.test('explain, routeAndCount and receive agree on every tuple, whatever the selection', async () => {
  const names = fc.constantFrom(...allSelections().map(([name]) => name))
  const tuples = fc.array(tuple, { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(tuples, hash, seed, down, names, (tuples, hash, seed, downPorts, name) => {
      const selection = selectionOf(name)
      const { forwarder, ports, port, toEdge } = rig({ ports: 8, routes: ROUTES, hash, seed, selection })
      for (const id of downPorts) port(id).isUp = false
      for (const t of tuples) {
        const before = ports.map((p) => p.packets.length)
        const edgeBefore = toEdge.length
        const decision = forwarder.explain(t)
        if (decision !== undefined) {
          const { sourceAddress: s, destinationAddress: d } = t
          const [sp, dp] = t.protocol === 6 || t.protocol === 17 ? [t.sourcePort, t.destinationPort] : [0, 0]
          assert.equal(decision.hash, hash(s, d, sp, dp, t.protocol, seed))
          if (name === 'modulo') assert.equal(decision.index, decision.hash % decision.m)
          assert.equal(decision.isPortUp, !downPorts.includes(decision.port))
        }
        const expected = decision?.isPortUp ? decision.port : -1
        const asked = forwarder.routeAndCount(
          t.sourceAddress,
          t.destinationAddress,
          t.sourcePort,
          t.destinationPort,
          t.protocol,
          40,
          false,
        )
        assert.equal(asked, expected > 0 ? expected : -1)
        const packet = packetOf(t, 8)
        forwarder.receive(packet, 0, packet.length, 1, 0)
        // An ICMP error about this packet may come on top: what is asked is where the packet itself went.
        if (expected > 0)
          assert.deepEqual(
            ports.map((p) => p.packets.length),
            before.map((count, i) => (i + 1 === expected ? count + 1 : count)),
          )
        if (expected === 0) assert.equal(toEdge.length, edgeBefore + 1)
        if (expected <= 0) continue
        const error = errorAboutAnswerTo(t)
        forwarder.receive(error, 0, error.length, 1, 0)
        assert.equal(ports[expected - 1]!.packets.length, before[expected - 1]! + 2, 'an ICMP error about its answer')
      }
    }),
  )
})

t.test('a run is decided as its packets one by one', async () => {
  fc.assert(
    fc.property(fc.array(tuple, { minLength: 1, maxLength: 30 }), down, (tuples, downPorts) => {
      const whole = rig({ ports: 8, routes: ROUTES })
      const single = rig({ ports: 8, routes: ROUTES })
      for (const { port } of [whole, single]) for (const id of downPorts) port(id).isUp = false
      const packets = tuples.map((t, i) => packetOf(t, i))
      const run = concat(...packets)
      whole.forwarder.receive(run, 0, run.length, 1, 0)
      for (const packet of packets) single.forwarder.receive(packet, 0, packet.length, 1, 0)
      const sorted = (r: typeof whole) =>
        r.ports.map((p) => p.packets.map((b) => Buffer.from(b).toString('hex')).sort())
      assert.deepEqual(sorted(whole), sorted(single))
      assert.deepEqual(whole.toEdge, single.toEdge)
      assert.deepEqual(whole.forwarder.counters, single.forwarder.counters)
      assert.deepEqual(whole.forwarder.drops, single.forwarder.drops)
    }),
  )
})

/** Bytes that are sometimes nearly packets: a good packet with a few bytes changed, repeated. */
const nearlyPackets = fc
  .array(
    fc
      .tuple(tuple, fc.nat(30), fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 2 }))
      .map(([t, length, edits]) => {
        const packet = t.protocol === 1 ? errorAboutAnswerTo({ ...t, protocol: 6 }) : packetOf(t, length)
        for (const [at, value] of edits) packet[at] = value
        return packet
      }),
    { maxLength: 6 },
  )
  .map((packets) => concat(...packets))

t.test('any bytes: no throw, no endless loop, and each packet is counted', async () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), nearlyPackets), (bytes) => {
      const { forwarder, ports } = rig({ ports: 8, routes: { ...ROUTES, '0.0.0.0/0': [2, 6] } })
      forwarder.receive(bytes.slice(), 0, bytes.length, 1, 0)
      const { packetsIn } = forwarder.counters.get(1)!
      const dropped = Object.values(forwarder.drops).reduce((sum, count) => sum + count, 0)
      const out = [...forwarder.counters.values()].reduce((sum, counters) => sum + counters.packetsOut, 0)
      const { errors, echoReplies } = forwarder.icmp
      assert.equal(out, packetsIn - dropped + errors + echoReplies)
      assert.equal(ports.reduce((sum, p) => sum + p.packets.length, 0) + forwarder.counters.get(0)!.packetsOut, out)
    }),
    { numRuns: 500 },
  )
})
