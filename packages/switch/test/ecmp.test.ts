import assert from 'node:assert/strict'
import { FLOW_HASHES } from '@fivetuple/packet'
import { ECMP_SELECTIONS, type EcmpSelection, type EcmpSelectionName, modulo } from '@fivetuple/switch'
import fc from 'fast-check'
import t from 'tap'
import { chiSquare, chiSquareLimit, flowsOfManyClients, hashOf } from './flows.js'

const u32 = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff))
const ports = fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 64 })

const selections = Object.entries(ECMP_SELECTIONS) as [EcmpSelectionName, EcmpSelection][]
t.ok(selections.length > 0)

// What every selection must do.
for (const [name, selection] of selections) {
  t.test(`${name}: is registered by its own name`, async (t) => {
    t.equal(selection.name, name)
  })

  t.test(`${name}: names an existing next hop for every hash`, async () => {
    fc.assert(
      fc.property(ports, fc.array(u32), (nextHops, hashes) => {
        const selector = selection.build(nextHops)
        for (const hash of hashes) assert.ok(nextHops[selector.select(hash)] !== undefined)
      }),
    )
  })

  t.test(`${name}: is a function of next hops and hash and nothing else`, async () => {
    fc.assert(
      fc.property(ports, fc.array(u32), (nextHops, hashes) => {
        const once = selection.build(nextHops)
        const again = selection.build([...nextHops])
        const first = hashes.map((hash) => once.select(hash))
        const second = hashes.toReversed().map((hash) => again.select(hash))
        assert.deepEqual(first, second.reverse())
      }),
    )
  })

  t.test(`${name}: does not care what the caller does with the list later`, async () => {
    const nextHops = [1, 2, 3, 4]
    const selector = selection.build(nextHops)
    const before = [5, 6, 7, 8].map((hash) => selector.select(hash))
    nextHops.length = 1
    assert.deepEqual(
      [5, 6, 7, 8].map((hash) => selector.select(hash)),
      before,
    )
  })

  t.test(`${name}: spreads hundreds of flows evenly`, async (t) => {
    for (const m of [2, 4, 7, 9]) {
      const selector = selection.build(Array.from({ length: m }, (_, i) => i + 1))
      const counts = new Array<number>(m).fill(0)
      for (const flow of flowsOfManyClients(900)) counts[selector.select(hashOf(flow, FLOW_HASHES.murmur3, 1))]!++
      t.ok(chiSquare(counts) < chiSquareLimit(m), `${m} next hops: ${counts.join(' ')}`)
    }
  })
}

/** Shares of all flows that change their next hop when `removed` of hops 1 to n goes. */
function disruption(selection: EcmpSelection, n: number, removed: number, hashes: readonly number[]) {
  const before = Array.from({ length: n }, (_, i) => i + 1)
  const after = before.filter((hop) => hop !== removed)
  const [a, b] = [selection.build(before), selection.build(after)]
  let moved = 0
  let collateral = 0
  for (const hash of hashes) {
    const from = before[a.select(hash)]!
    if (from === after[b.select(hash)]) continue
    moved++
    if (from !== removed) collateral++
  }
  return { moved: moved / hashes.length, collateral: collateral / hashes.length }
}

t.test('modulo is HASH % M', async (t) => {
  const selector = modulo.build([3, 5, 9])
  t.same(
    [0, 1, 2, 3, 4, 0xfffffffe, 0xffffffff].map((hash) => selector.select(hash)),
    [0, 1, 2, 0, 1, 2, 0],
  )
})

// A hash keeps its hop for one remainder by N and N-1 in N: so 1 - 1/N of all flows move, and all but 1/N of them in vain.
for (const [n, expected] of [
  [4, { moved: 0.75, collateral: 0.5 }],
  [8, { moved: 0.875, collateral: 0.75 }],
] as const)
  t.test(`modulo: when one of ${n} next hops goes, ${expected.moved * 100} % of the flows move`, async (t) => {
    const allRemainders = Array.from({ length: n * (n - 1) }, (_, hash) => hash)
    const flows = flowsOfManyClients(1000).map((flow) => hashOf(flow, FLOW_HASHES.murmur3, 0x5eed))
    for (let removed = 1; removed <= n; removed++) {
      t.same(disruption(modulo, n, removed, allRemainders), expected, `hop ${removed}, hashes spread evenly`)
      const measured = disruption(modulo, n, removed, flows)
      t.ok(Math.abs(measured.moved - expected.moved) < 0.05, `hop ${removed}: ${measured.moved} of 1000 flows moved`)
      t.ok(Math.abs(measured.collateral - expected.collateral) < 0.05, `hop ${removed}: ${measured.collateral} in vain`)
    }
  })
