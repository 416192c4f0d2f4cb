import assert from 'node:assert/strict'
import { FLOW_HASHES, mix32, parseIpv4, parsePrefix } from '@fivetuple/packet'
import {
  changedRoute,
  type EcmpSelectionName,
  type EdgeFlow,
  expectedShares,
  Fib,
  type FlowShift,
  Oracle,
  type PredictRequest,
  predictResults,
} from '@fivetuple/switch'
import fc from 'fast-check'
import t from 'tap'
import { allSelections, selectionOf } from './all-selections.js'
import { flowsOfManyClients } from './flows.js'

const VIP = parseIpv4('127.20.10.1')!
const ECMP = {
  selection: 'modulo',
  hash: 'murmur3',
  seed: 0,
  buckets: 1_024,
  idleTimerMs: 30_000,
  unbalancedTimerMs: 0,
} as const
const NO_CHANGE = { vip: VIP, gone: [], added: [], drained: [], undrained: [] }
const FLOWS = 40_000
const HASHES = Array.from({ length: FLOWS }, (_, i) => mix32(i))
const NAMES = allSelections().map(([name]) => name)

const hops = fc.uniqueArray(fc.integer({ min: 1, max: 24 }), { minLength: 1, maxLength: 16 }).map(sorted)
const bucketCounts = fc.constantFrom(60, 256, 1_000, 1_024)

/** Share of all flows that each next hop has before and after, by selectors and hashes. */
function counted(
  [from, to]: readonly [EcmpSelectionName, EcmpSelectionName],
  before: readonly number[],
  after: readonly number[],
  isRehashed: boolean,
): number[] {
  const a = selectionOf(from).build(before)
  for (const hash of HASHES) a.use(hash)
  const past = from === to && !isRehashed ? { nextHops: before, selector: a } : undefined
  const b = selectionOf(to).build(after, past)
  const kept = new Array<number>(before.length).fill(0)
  for (const hash of HASHES) {
    const index = a.select(hash)
    const then = isRehashed ? mix32(hash ^ 0x5bd1_e995) : hash
    if (before[index] === after[b.select(then)]) kept[index]!++
  }
  return kept.map((flows) => flows / FLOWS)
}

/** Four standard deviations of a share that is measured over {@link FLOWS} flows, and two buckets of 1,024. */
function tolerance(share: number): number {
  return 4 * Math.sqrt((share * (1 - share)) / FLOWS) + 2 / 1_024
}

for (const name of NAMES)
  t.test(
    `${name}: property: the formula gives the share of flows that next hops keep, whatever goes and comes`,
    async () => {
      fc.assert(
        fc.property(hops, hops, (before, after) => {
          const spread = (nextHops: readonly number[]) => ({ selection: selectionOf(name), nextHops })
          const expected = expectedShares(spread(before), spread(after), { isRehashed: false, buckets: 1_024 })
          const kept = counted([name, name], before, after, false)
          expected.forEach((one, i) => {
            assert.equal(one.port, before[i])
            assert.ok(Math.abs(one.share - 1 / before.length) < 1e-9)
            assert.ok(Math.abs(one.kept - kept[i]!) <= tolerance(one.kept), `${one.kept} expected, ${kept[i]} counted`)
          })
        }),
        { numRuns: 40 },
      )
    },
  )

t.test('property: the formula of a change of selection, hash or seed is that of the count', async () => {
  const pair = fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...NAMES))
  fc.assert(
    fc.property(pair, hops, hops, fc.boolean(), (names, before, after, isRehashed) => {
      fc.pre(isRehashed || names[0] !== names[1])
      const expected = expectedShares(
        { selection: selectionOf(names[0]), nextHops: before },
        { selection: selectionOf(names[1]), nextHops: after },
        { isRehashed, buckets: 1_024 },
      )
      const kept = counted(names, before, after, isRehashed)
      expected.forEach((one, i) => {
        assert.ok(Math.abs(one.kept - kept[i]!) <= tolerance(one.kept), `${one.kept} expected, ${kept[i]} counted`)
      })
    }),
    { numRuns: 100 },
  )
})

t.test('the formulas give the published shares', async (t) => {
  const collateral = (name: EcmpSelectionName, n: number, k: number): number => {
    const before = Array.from({ length: n }, (_, i) => i + 1)
    const after = before.filter((port) => port !== k)
    const kept = selectionOf(name).keptShares(before, after)
    return 1 - 1 / n - kept.reduce((sum, share) => sum + share, 0)
  }
  const near = (value: number, expected: number): void => {
    t.ok(Math.abs(value - expected) < 1e-9, `${value} is ${expected}`)
  }
  near(collateral('modulo', 4, 2), 0.5)
  near(collateral('modulo', 8, 2), 0.75)
  for (const n of [2, 4, 8, 13])
    for (let k = 1; k <= n; k++)
      near(collateral('hash-threshold', n, k), ((k - 1) * k + (n - k) * (n - k + 1)) / (2 * n * (n - 1)) - 1 / n)
  for (const name of ['rendezvous', 'resilient'] as const) near(collateral(name, 8, 3), 0)
  t.ok(collateral('maglev', 8, 3) > 0 && collateral('maglev', 8, 3) < 0.004)
  // Rendezvous, resilient: a new next hop takes its share, or nothing while buckets are in use.
  const sum = (shares: readonly number[]): number => shares.reduce((a, b) => a + b, 0)
  near(sum(selectionOf('rendezvous').keptShares([1, 2, 3], [1, 2, 3, 4])), 0.75)
  near(sum(selectionOf('resilient').keptShares([1, 2, 3], [1, 2, 3, 4])), 1)
})

t.test('property: buckets and modulo share their remainders', async () => {
  fc.assert(
    fc.property(hops, bucketCounts, (nextHops, buckets) => {
      const [first, second] = [selectionOf('modulo'), selectionOf('resilient')]
      const spreads = [first, second].map((selection) => ({ selection, nextHops }))
      const [there, back] = [spreads, spreads.toReversed()].map(([a, b]) =>
        expectedShares(a!, b!, { isRehashed: false, buckets }).reduce((sum, { kept }) => sum + kept, 0),
      )
      let same = 0
      const period = nextHops.length * buckets
      for (let hash = 0; hash < period; hash++)
        if (hash % nextHops.length === (hash % buckets) % nextHops.length) same++
      assert.ok(Math.abs(there! - same / period) < 1e-9)
      assert.ok(Math.abs(back! - same / period) < 1e-9)
    }),
    { numRuns: 50 },
  )
})

t.test('the route that follows from a change of next hops', async (t) => {
  const route = { prefix: { address: VIP, length: 32 }, nextHops: [1, 2, 3], draining: [2], cost: 7 }
  const after = (change: Partial<PredictRequest['nextHops'][number]>, from: typeof route | undefined) => {
    const then = changedRoute(from, { ...NO_CHANGE, ...change })
    return then && [then.nextHops, then.draining]
  }
  t.strictSame(after({}, route), [[1, 2, 3], [2]])
  t.strictSame(after({ gone: [2] }, route), [[1, 3], []])
  t.strictSame(after({ gone: [1, 3] }, route), [[2], []], 'all that are left drain: they are used as ever')
  t.strictSame(after({ gone: [1, 2, 3] }, route), undefined)
  t.strictSame(after({ added: [9, 5, 2] }, route), [[1, 2, 3, 5, 9], [2]])
  t.strictSame(after({ gone: [1], added: [4] }, route), [[2, 3, 4], [2]])
  t.strictSame(after({ drained: [1, 3] }, route), [[1, 2, 3], []], 'all drain')
  t.strictSame(after({ drained: [1], undrained: [2] }, route), [[1, 2, 3], [1]])
  t.strictSame(after({ added: [2, 1] }, undefined), [[1, 2], []], 'a VIP without a route gets one')
})

/** A switch with flows to one VIP, and its oracle. */
class Rig {
  readonly live
  readonly oracle: Oracle
  readonly flows: EdgeFlow[]
  readonly ecmp

  constructor(selection: EcmpSelectionName, nextHops: readonly number[], flows = 2_000) {
    const chosen = selectionOf(selection)
    const fib = Fib.empty(chosen).with([
      { prefix: parsePrefix('0.0.0.0/0')!, nextHops: [0], cost: 0 },
      { prefix: { address: VIP, length: 32 }, nextHops, cost: 0 },
    ])
    const up = new Set(nextHops)
    const diverted = { size: 0, isFull: false, portOf: (..._: number[]) => -1 }
    const isUp = (port: number) => up.has(port)
    this.live = { address: parseIpv4('127.20.0.1')!, hash: FLOW_HASHES.murmur3, seed: 0, fib, diverted, isUp, up }
    this.ecmp = { ...ECMP, selection }
    this.oracle = new Oracle(this.ecmp, this.live, [1, 2, 3, 4])
    this.flows = flowsOfManyClients(flows).map((flow) => ({
      localAddress: flow.sourceAddress,
      remoteAddress: flow.destinationAddress,
      localPort: flow.sourcePort,
      remotePort: flow.destinationPort,
    }))
  }

  request(change: Partial<PredictRequest['nextHops'][number]>, more: Partial<PredictRequest> = {}): PredictRequest {
    return {
      selections: [this.ecmp.selection],
      nextHops: [{ ...NO_CHANGE, ...change }],
      selection: null,
      hash: null,
      seed: null,
      kept: null,
      sample: null,
      ...more,
    }
  }

  predict(request: PredictRequest): readonly (readonly FlowShift[])[] {
    return finished(this.oracle.predict(request, this.flows))
  }

  /** Replaces the next hops of the VIP, as a route change does. */
  setNextHops(nextHops: readonly number[], draining: readonly number[] = []): void {
    this.live.fib = this.live.fib.with([{ prefix: { address: VIP, length: 32 }, nextHops, draining, cost: 0 }])
    this.live.up = new Set(nextHops)
    for (const port of [1, 2, 3, 4]) if (!nextHops.includes(port)) this.live.up.delete(port)
    this.live.isUp = (port) => this.live.up.has(port)
  }
}

for (const name of NAMES)
  t.test(`${name}: property: what is predicted for kept flows is what is measured after the change`, async () => {
    const step = fc.record({ hops: fc.subarray([1, 2, 3, 4], { minLength: 1 }), draining: fc.subarray([1, 2, 3, 4]) })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), (steps) => {
        const rig = new Rig(name, [1, 2, 3, 4], 300)
        let before = [1, 2, 3, 4]
        let drained: readonly number[] = []
        for (const [id, { hops, draining }] of steps.entries()) {
          const gone = before.filter((port) => !hops.includes(port))
          const added = hops.filter((port) => !before.includes(port))
          const wanted = draining.filter((port) => hops.includes(port))
          rig.oracle.keep(id, rig.flows)
          const [predicted] = rig.predict(
            rig.request(
              {
                gone,
                added,
                drained: wanted,
                undrained: drained.filter((port) => !wanted.includes(port)),
              },
              { kept: id },
            ),
          )
          rig.setNextHops(hops, wanted.length < hops.length ? wanted : [])
          const measured = finished(rig.oracle.measure(id))
          assert.deepEqual(measured?.toSorted(byPorts), predicted?.toSorted(byPorts))
          assert.equal(
            measured?.reduce((sum, { flows }) => sum + flows, 0),
            300,
          )
          before = hops
          drained = wanted.length < hops.length ? wanted : []
        }
      }),
      { numRuns: 60 },
    )
  })

t.test('kept flows keep the next hops of their moment', async (t) => {
  const rig = new Rig('modulo', [1, 2, 3, 4])
  t.equal(rig.oracle.keep(1, rig.flows), 2_000)
  const request = rig.request({ gone: [2] }, { kept: 1 })
  const early = rig.predict(request)
  rig.setNextHops([1, 3, 4])
  t.strictSame(rig.predict(request), early, 'a prediction that is late is the same')
  t.strictSame(finished(rig.oracle.measure(1))?.toSorted(byPorts), early[0]?.toSorted(byPorts))
  t.equal(finished(rig.oracle.measure(1)), null, 'they are measured once')
  t.strictSame(rig.predict(request), [[]])
  for (let id = 10; id < 19; id++) rig.oracle.keep(id, rig.flows)
  t.equal(finished(rig.oracle.measure(10)), null, 'of nine the oldest is deleted')
  t.ok(finished(rig.oracle.measure(11)))
})

t.test('diverted flows stay where they were diverted, unless that LB goes', async (t) => {
  const rig = new Rig('modulo', [1, 2, 3], 300)
  // Flows that hash to 2 have begun on 3 while 2 drained.
  rig.setNextHops([1, 2, 3], [2])
  const hashed = rig.predict(rig.request({}))[0]!
  t.same(hashed.map(({ from }) => from).sort(), [1, 2, 3])
  rig.live.diverted.size = 1
  rig.live.diverted.portOf = (...[source, destination, sourcePort, destinationPort]: number[]) =>
    rig.live.hash(source!, destination!, sourcePort!, destinationPort!, 6, 0) % 3 === 1 ? 3 : -1
  const kill1 = rig.predict(rig.request({ gone: [1] }))[0]!
  t.ok(
    kill1.every(({ from, to }) => from === 1 || (from === 3 && (to === 3 || to === 2))),
    'of LB 3, those that hash to it may be rehashed',
  )
  const kill3 = rig.predict(rig.request({ gone: [3] }))[0]!
  t.equal(
    kill3.reduce((sum, { from, flows }) => sum + (from === 3 ? flows : 0), 0),
    hashed.reduce((sum, { from, flows }) => sum + (from === 1 ? 0 : flows), 0),
  )
  t.ok(kill3.every(({ to }) => to !== 3))
})

t.test('the same flows under all selections', async (t) => {
  const rig = new Rig('modulo', [1, 2, 3, 4])
  const request = rig.request({ gone: [2] }, { selections: NAMES })
  const at = { address: 0, ecmp: rig.ecmp, fib: rig.live.fib }
  const results = finished(predictResults(request, rig.predict(request), at))
  for (const { selection, shifts, expected } of results) {
    const total = (wanted: (shift: FlowShift) => boolean): number =>
      shifts.reduce((sum, shift) => sum + (wanted(shift) ? shift.flows : 0), 0)
    const [vip] = expected
    const unaffected = vip!.nextHops.reduce((sum, { kept }) => sum + kept, 0)
    t.equal(
      total(() => true),
      2_000,
      selection,
    )
    const counted = total(({ from, to }) => from === to) / 2_000
    t.ok(Math.abs(counted - unaffected) < 4 * Math.sqrt(0.25 / 2_000), `${selection}: ${counted}, ${unaffected}`)
    if (selection === 'rendezvous' || selection === 'resilient')
      t.equal(
        total(({ from, to }) => from !== 2 && from !== to),
        0,
        `${selection} has no collateral`,
      )
  }
  t.strictSame(
    rig.predict(rig.request({ gone: [2] })),
    rig.predict(rig.request({ gone: [2] })),
    'predicting changes nothing',
  )
})

t.test('without flows, a sample of made-up clients is used; its size and clients do not change', async (t) => {
  for (const name of NAMES) {
    const rig = new Rig(name, [1, 2, 3, 4], 0)
    const service = { address: VIP, port: 8080 }
    const sample = { pool: { address: parseIpv4('127.20.100.0')!, length: 22 }, flows: 5_000, services: [service] }
    const results = (change: Partial<PredictRequest['nextHops'][number]>) => {
      const request = rig.request(change, { sample })
      return finished(predictResults(request, rig.predict(request), { address: 0, ecmp: rig.ecmp, fib: rig.live.fib }))
    }
    const [kill] = results({ gone: [2] })
    t.same(kill?.shifts, [])
    t.equal(
      kill?.sampled.reduce((sum, { flows }) => sum + flows, 0),
      5_000,
    )
    t.strictSame(results({ gone: [2] }), [kill])
    const [add] = results({ added: [5] })
    const kept = add!.expected[0]!.nextHops.reduce((sum, share) => sum + share.kept, 0)
    const same = add!.sampled.reduce((sum, { from, to, flows }) => sum + (from === to ? flows : 0), 0)
    t.ok(Math.abs(kept - same / 5_000) < 0.03, `${name}: ${kept} expected, ${same} of 5000 counted`)
  }
})

function finished<R>(steps: Generator<undefined, R, undefined>): R {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

function byPorts(a: FlowShift, b: FlowShift): number {
  return a.from - b.from || (a.to ?? 0) - (b.to ?? 0)
}

function sorted(ports: readonly number[]): number[] {
  return ports.toSorted((a, b) => a - b)
}
