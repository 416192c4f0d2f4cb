import assert from 'node:assert/strict'
import { type FiveTuple, IpProtocol, parseIpv4, parsePrefix, TcpFlag } from '@fivetuple/packet'
import {
  ECMP_SELECTIONS,
  type EcmpSelectionName,
  type FlowShift,
  type Forwarder,
  flowShifts,
  type NewFlowPorts,
  newFlowPorts,
  whatIf,
} from '@fivetuple/switch'
import fc from 'fast-check'
import t from 'tap'
import { rig } from './forwarder-rig.js'
import { packetOf } from './packets.js'

const VIP = parsePrefix('127.20.10.1/32')!
const PORTS = [1, 2, 3, 4]
/** Few buckets, so that flows share some and others stay idle. */
const OPTIONS = { buckets: 8, idleTimerMs: 30_000, unbalancedTimerMs: 60_000 }

const flow = (n: number): FiveTuple => ({
  sourceAddress: parseIpv4('127.20.100.0')! + n,
  destinationAddress: VIP.address,
  sourcePort: 10_000 + n,
  destinationPort: 8080,
  protocol: n % 5 === 4 ? IpProtocol.UDP : IpProtocol.TCP,
})

const hops = fc.uniqueArray(fc.constantFrom(...PORTS), { minLength: 1, maxLength: 4 })
const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('routes' as const), nextHops: hops, draining: hops }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'withdraw' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('carrier' as const), port: fc.constantFrom(...PORTS) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 20_000, 40_000) }),
  },
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('packet' as const), n: fc.nat(30), isSyn: fc.boolean() }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** A switch on virtual time. */
class World {
  readonly #rig
  #now = 0

  constructor(name: EcmpSelectionName) {
    const selection = ECMP_SELECTIONS[name](OPTIONS)
    this.#rig = rig({ ports: 4, routes: { '0.0.0.0/0': [0], '127.20.10.1/32': PORTS }, selection })
  }

  get forwarder(): Forwarder {
    return this.#rig.forwarder
  }

  /** The next hops of a flow before and after a change that changes nothing. */
  predictNoChange(n: number): readonly FlowShift[] {
    const { state } = this.#rig.forwarder
    const { before, after } = whatIf(state, { nextHops: [] })
    return [...flowShifts({ size: 1, at: () => flow(n) }, before, after).next().value!]
  }

  isUp(port: number): boolean {
    return port === 0 || this.#rig.port(port).isUp
  }

  /** Ports of all flows if they began now; UDP flows are asked for as TCP flows of the same tuple. */
  newFlowPorts(): NewFlowPorts {
    const clients = Array.from({ length: 31 }, (_, n) => flow(n)).flatMap((t) => [t.sourceAddress, t.sourcePort])
    const vip = { address: VIP.address, port: 8080 }
    return newFlowPorts(this.forwarder.state, { vip, protocol: 'tcp', clients })
  }

  /** Applies a step; returns the ports at which packets have left, of a packet: 0 for the edge, none if it was dropped. */
  apply(step: Step): readonly number[] {
    const { forwarder, ports, toEdge } = this.#rig
    const before = [toEdge.length, ...ports.map(({ packets }) => packets.length)]
    if (step.kind === 'routes') this.#setRoutes(step.nextHops, step.draining)
    else if (step.kind === 'withdraw') forwarder.setFib(forwarder.fib.with([], [VIP]))
    else if (step.kind === 'carrier') this.#rig.port(step.port).isUp = !this.#rig.port(step.port).isUp
    else if (step.kind === 'wait') {
      this.#now += step.ms
      forwarder.expire(this.#now)
      forwarder.setFib(forwarder.fib.rebalanced(this.#now))
    } else {
      const packet = packetOf(flow(step.n))
      if (step.isSyn && packet.length === 40) packet[33] = TcpFlag.SYN
      forwarder.receive(packet, 0, packet.length, 1, this.#now)
    }
    return [toEdge.length, ...ports.map(({ packets }) => packets.length)].flatMap((count, port) =>
      count > before[port]! ? [port] : [],
    )
  }

  #setRoutes(nextHops: readonly number[], draining: readonly number[]): void {
    const { forwarder } = this.#rig
    const some = draining.filter((port) => nextHops.includes(port))
    const route = { prefix: VIP, nextHops, draining: some.length < nextHops.length ? some : [], cost: 0 }
    forwarder.setFib(forwarder.fib.with([route]))
  }
}

for (const name of Object.keys(ECMP_SELECTIONS) as EcmpSelectionName[])
  t.test(`${name}: property: explain reports the port that the next packet takes, and changes nothing`, async () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const explained = new World(name)
        const silent = new World(name)
        for (const step of steps) {
          if (step.kind !== 'packet') {
            explained.apply(step)
            silent.apply(step)
            continue
          }
          // Explaining all flows, also those without packets, must keep no bucket busy and no flow remembered.
          for (let n = 0; n < 30; n++) explained.forwarder.explain(flow(n))
          const decision = explained.forwarder.explain(flow(step.n))!
          const begins = step.isSyn && flow(step.n).protocol === IpProtocol.TCP
          const expected = begins ? (decision.drain?.newFlowsTo ?? decision.port) : decision.port
          const { ports, chosen } = explained.newFlowPorts()
          const same = explained.predictNoChange(step.n)
          const took = explained.apply(step)
          const { port } = decision
          if (begins) assert.equal(ports[chosen[step.n]!] ?? 0, expected, `many flows at once, flow ${step.n}`)
          if (flow(step.n).protocol === IpProtocol.TCP)
            assert.deepEqual(
              same.map(({ from, to }) => [from, to ?? 0]),
              port === 0 ? [] : [[port, port]],
            )
          // A packet whose port is down is dropped; an ICMP error may leave in its place.
          if (explained.isUp(expected)) assert.deepEqual(took, [expected], `flow ${step.n}`)
          assert.deepEqual(silent.apply(step), took, 'a switch that explains nothing forwards alike')
        }
        assert.deepEqual(explained.forwarder.drops, silent.forwarder.drops)
        assert.equal(explained.forwarder.diverted.size, silent.forwarder.diverted.size)
      }),
      { numRuns: 200 },
    )
  })
