import assert from 'node:assert/strict'
import { type FiveTuple, IpProtocol, parseIpv4, parsePrefix, TcpFlag } from '@fivetuple/packet'
import type { EcmpSelectionName } from '@fivetuple/switch'
import fc from 'fast-check'
import t from 'tap'
import { allSelections, selectionOf } from './all-selections.js'
import { rig } from './forwarder-rig.js'
import { errorAboutAnswerTo, packetOf } from './packets.js'

const VIP = parseIpv4('127.20.10.1')!
const PREFIX = parsePrefix('127.20.10.1/32')!
const PORTS = [1, 2, 3, 4]

/** A switch with one VIP over four LBs, of which some drain. */
function start(name: EcmpSelectionName) {
  const selection = selectionOf(name)
  const { forwarder, port } = rig({ ports: 4, routes: { '127.20.10.1/32': PORTS }, selection })
  const flow = (n: number, protocol: number = IpProtocol.TCP): FiveTuple => ({
    sourceAddress: parseIpv4('127.20.100.0')! + (n >>> 14),
    destinationAddress: VIP,
    sourcePort: 10_000 + (n & 0x3fff),
    destinationPort: 8080,
    protocol,
  })
  return {
    forwarder,
    port,
    flow,
    drain: (...draining: number[]) =>
      forwarder.setFib(forwarder.fib.with([{ prefix: PREFIX, nextHops: PORTS, draining, cost: 0 }])),
    /** What drains has gone, too. */
    leave: (...gone: number[]) =>
      forwarder.setFib(
        forwarder.fib.with([{ prefix: PREFIX, nextHops: PORTS.filter((port) => !gone.includes(port)), cost: 0 }]),
      ),
    send: (t: FiveTuple, begins: boolean) =>
      forwarder.routeAndCount(
        t.sourceAddress,
        t.destinationAddress,
        t.sourcePort,
        t.destinationPort,
        t.protocol,
        40,
        begins,
      ),
  }
}

for (const [name] of allSelections()) {
  t.test(`${name}: flows stay where they are, new ones go elsewhere, and evenly`, async (t) => {
    const { forwarder, flow, drain, send } = start(name)
    const old = Array.from({ length: 2_000 }, (_, n) => send(flow(n), true))
    drain(3)
    t.same(
      old.map((_, n) => send(flow(n), false)),
      old,
      'not one flow moves',
    )
    const fresh = Array.from({ length: 4_000 }, (_, n) => send(flow(10_000 + n), true))
    t.notOk(fresh.includes(3), 'none begins on the LB that drains')
    const shares = [1, 2, 4].map((port) => fresh.filter((one) => one === port).length)
    for (const share of shares) t.ok(Math.abs(share - 4_000 / 3) < 150, `${shares}`)
    t.same(
      fresh.map((_, n) => send(flow(10_000 + n), false)),
      fresh,
      'and they stay where they began',
    )
    const { size, total, overLimit } = forwarder.diverted
    t.ok(size > 900 && size < 1_100 && total === size && overLimit === 0, `${size} flows are remembered, a quarter`)

    drain()
    t.same(
      fresh.map((_, n) => send(flow(10_000 + n), false)),
      fresh,
      'also when the drain is over',
    )
    t.ok(Array.from({ length: 100 }, (_, n) => send(flow(30_000 + n), true)).includes(3), 'new ones come to it again')
    forwarder.expire(60_000)
    const half = fresh.map((_, n) => (n % 2 === 0 ? send(flow(10_000 + n), false) : 0))
    forwarder.expire(120_000)
    t.same(
      fresh.map((_, n) => (n % 2 === 0 ? send(flow(10_000 + n), false) : 0)),
      half,
      'what is used is kept',
    )
    forwarder.expire(180_000)
    forwarder.expire(240_000)
    t.equal(forwarder.diverted.size, 0, 'what is idle goes')
  })

  t.test(`${name}: UDP is moved at once, since no beginning can be seen`, async (t) => {
    const { flow, drain, send, forwarder } = start(name)
    drain(1)
    const sent = Array.from({ length: 1_000 }, (_, n) => send(flow(n, IpProtocol.UDP), false))
    t.notOk(sent.includes(1))
    t.same(
      sent.map((_, n) => send(flow(n, IpProtocol.UDP), false)),
      sent,
    )
    t.equal(forwarder.diverted.size, 0)
  })

  t.test(
    `${name}: with too many diverted flows, a further one goes to the LB that drains and none breaks`,
    async (t) => {
      const { flow, drain, send, forwarder } = start(name)
      drain(1, 2, 3)
      for (let n = 0; n < 100_000; n++) send(flow(n), true)
      t.equal(forwarder.diverted.size, 65_536)
      t.ok(forwarder.diverted.overLimit > 5_000)
      const late = flow(99_999)
      const began = send(late, true)
      drain()
      t.equal(send(late, false), began)
    },
  )

  t.test(
    `${name}: a diverted flow whose LB dies goes where its hash says; the LB that drains answers with RST`,
    async (t) => {
      const { flow, drain, send, port, forwarder } = start(name)
      drain(2)
      const n = Array.from({ length: 100 }, (_, i) => i).find((i) => forwarder.explain(flow(i))?.port === 2)!
      const to = send(flow(n), true)
      port(to).isUp = false
      t.equal(send(flow(n), false), 2)
    },
  )

  t.test(`${name}: SYNs from cables begin flows as those of the edge do, and explain reports it`, async (t) => {
    const { forwarder, flow, drain, port } = start(name)
    drain(4)
    const sent = [0, 0, 0, 0]
    for (let n = 0; n < 200; n++) {
      const tuple = flow(n)
      const before = forwarder.explain(tuple)!
      const packet = packetOf(tuple)
      packet[33] = TcpFlag.SYN
      forwarder.receive(packet, 0, packet.length, 1, 0)
      const after = forwarder.explain(tuple)!
      if (before.port !== 4) {
        assert.equal(before.drain, undefined)
        assert.equal(after.port, before.port)
      } else {
        assert.equal(after.port, before.drain!.newFlowsTo)
        assert.equal(after.drain!.divertedTo, after.port)
        assert.notEqual(after.port, 4)
      }
      assert.equal(port(after.port).packets.length, ++sent[after.port - 1]!)
    }
    t.pass()
  })

  t.test(
    `${name}: property: whatever drains when, no flow ever moves, and none begins where it should not`,
    async () => {
      const step = fc.oneof(
        { weight: 1, arbitrary: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }) },
        { weight: 8, arbitrary: fc.nat(40) },
      )
      fc.assert(
        fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
          const { forwarder, flow, drain, send, port: portAt } = start(name)
          const portOf = new Map<number, number>()
          let draining: readonly number[] = []
          for (const step of steps) {
            if (typeof step !== 'number') {
              draining = step
              drain(...step)
              continue
            }
            const known = portOf.get(step)
            const expected = forwarder.explain(flow(step))!
            const port = send(flow(step), known === undefined)
            if (known === undefined) {
              assert.equal(port, expected.drain?.newFlowsTo ?? expected.port)
              assert.ok(!draining.includes(port), `flow ${step} began on ${port}, which drains`)
              portOf.set(step, port)
            } else {
              assert.equal(port, known, `flow ${step} moved`)
              assert.equal(port, expected.port, 'explain knew')
              const before = portAt(port).packets.length
              const error = errorAboutAnswerTo(flow(step))
              forwarder.receive(error, 0, error.length, 1, 0)
              assert.equal(portAt(port).packets.length, before + 1, 'an ICMP error follows its flow')
            }
          }
        }),
        { numRuns: 300 },
      )
    },
  )

  if (name === 'rendezvous' || name === 'resilient')
    t.test(`${name}: an LB that drains and then goes takes no flow with it`, async (t) => {
      const { flow, drain, leave, send } = start(name)
      const old = Array.from({ length: 2_000 }, (_, n) => send(flow(n), true))
      drain(3)
      const fresh = Array.from({ length: 2_000 }, (_, n) => send(flow(10_000 + n), true))
      leave(3)
      t.same(
        old.map((port, n) => (port === 3 ? 3 : send(flow(n), false))),
        old,
        'those of the others',
      )
      t.same(
        fresh.map((_, n) => send(flow(10_000 + n), false)),
        fresh,
        'those that have begun elsewhere meanwhile',
      )
    })
}
