import assert from 'node:assert/strict'
import { FLOW_HASHES, mix32 } from '@fivetuple/packet'
import { type EcmpSelection, hashThreshold, modulo } from '@fivetuple/switch'
import fc from 'fast-check'
import t from 'tap'
import { allSelections, selectionOf } from './all-selections.js'
import { chiSquare, chiSquareLimit, flowsOfManyClients, hashOf } from './flows.js'

const u32 = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff))
const ports = fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 64 })

// Behaviour that every selection must have.
for (const [name, selection] of allSelections()) {
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

  t.test(`${name}: what is used is what is selected, and the reason names it`, async () => {
    fc.assert(
      fc.property(ports, fc.array(u32), (nextHops, hashes) => {
        const selector = selection.build(nextHops)
        for (const hash of hashes) {
          const index = selector.select(hash)
          assert.equal(selector.use(hash), index)
          assert.equal(selector.select(hash), index, 'use changes nothing')
          assert.ok(name === 'rendezvous' || selector.reason(hash).endsWith(` ${index}`), selector.reason(hash))
        }
      }),
    )
  })

  t.test(`${name}: a first choice does not determine a second`, async (t) => {
    // As a switch makes it for flows of an LB that drains: the same hash, mixed once more, over those that stay.
    const [all, staying] = [selection.build([1, 2, 3, 4]), selection.build([1, 2, 4])]
    const counts = [0, 0, 0]
    for (const flow of flowsOfManyClients(4_000)) {
      const hash = hashOf(flow, FLOW_HASHES.murmur3, 1)
      if (all.select(hash) === 2) counts[staying.select(mix32(hash))]!++
    }
    t.ok(chiSquare(counts) < chiSquareLimit(3), counts.join(' '))
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
  const a = selection.build(before)
  const b = selection.build(after, { nextHops: before, selector: a })
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

/** So many hashes, evenly over all 32 bits. */
function evenHashes(count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor((i * 2 ** 32) / count))
}

t.test('hash-threshold: the share that moves is that of RFC 2992', async (t) => {
  const hashes = evenHashes(100_000)
  for (const n of [2, 4, 8, 13])
    for (let k = 1; k <= n; k++) {
      const expected = ((k - 1) * k + (n - k) * (n - k + 1)) / (2 * n * (n - 1))
      const { moved, collateral } = disruption(hashThreshold, n, k, hashes)
      t.ok(Math.abs(moved - expected) < 0.001, `hop ${k} of ${n}: ${moved} moved, ${expected} expected`)
      t.ok(Math.abs(collateral - (expected - 1 / n)) < 0.001)
    }
  t.ok(Math.abs(disruption(hashThreshold, 4, 1, hashes).collateral - 0.25) < 0.001, 'at an edge')
  t.ok(Math.abs(disruption(hashThreshold, 4, 2, hashes).collateral - 0.0833) < 0.001, 'inside')
})

t.test('hash-threshold: regions are in order, and none is left out', async (t) => {
  const selector = hashThreshold.build([7, 8, 9])
  t.same(
    [0, 0x55555555, 0x55555556, 0xaaaaaaaa, 0xaaaaaaab, 0xffffffff].map((hash) => selector.select(hash)),
    [0, 0, 1, 1, 2, 2],
  )
})

for (const name of ['rendezvous', 'resilient'] as const)
  t.test(`${name}: when a next hop goes its own flows move and no other`, async (t) => {
    const hashes = flowsOfManyClients(20_000).map((flow) => hashOf(flow, FLOW_HASHES.murmur3, 7))
    for (const n of [2, 4, 8, 64])
      for (const removed of [1, (n >> 1) + 1, n]) {
        const { moved, collateral } = disruption(selectionOf(name), n, removed, hashes)
        t.equal(collateral, 0)
        t.ok(Math.abs(moved - 1 / n) < 0.02, `hop ${removed} of ${n}: ${moved} moved`)
      }
  })

t.test('rendezvous: a new next hop takes flows, and no other one does', async () => {
  fc.assert(
    fc.property(ports, fc.integer({ min: 1001, max: 2000 }), fc.array(u32), (nextHops, added, hashes) => {
      const [before, after] = [
        selectionOf('rendezvous').build(nextHops),
        selectionOf('rendezvous').build([added, ...nextHops]),
      ]
      for (const hash of hashes) {
        const index = after.select(hash)
        assert.ok(index === 0 || nextHops[index - 1] === nextHops[before.select(hash)])
      }
    }),
  )
})

t.test('rendezvous: the order of next hops has no effect', async () => {
  fc.assert(
    fc.property(ports, fc.array(u32), (nextHops, hashes) => {
      const reversed = nextHops.toReversed()
      const [a, b] = [selectionOf('rendezvous').build(nextHops), selectionOf('rendezvous').build(reversed)]
      for (const hash of hashes) assert.equal(nextHops[a.select(hash)], reversed[b.select(hash)])
    }),
  )
})

// How many depends on the permutations: over many sets of next hops it is 0.08 % on average at four, 0.20 % at eight.
for (const [n, meanMax] of [
  [4, 0.001],
  [8, 0.0025],
] as const)
  t.test(`maglev: when one of ${n} next hops goes, hardly a flow moves in vain`, async (t) => {
    const slots = Array.from({ length: 65_537 }, (_, slot) => slot)
    let sum = 0
    for (let removed = 1; removed <= n; removed++) {
      const { moved, collateral } = disruption(selectionOf('maglev'), n, removed, slots)
      t.ok(Math.abs(moved - collateral - 1 / n) < 0.0001)
      sum += collateral
    }
    t.ok(sum / n < meanMax, `${((sum / n) * 100).toFixed(3)} %`)
  })

t.test('maglev: sets of next hops that occur again share a table', async (t) => {
  const maglev = selectionOf('maglev')
  const first = maglev.build([1, 2, 3])
  maglev.build([1, 2])
  t.equal(maglev.build([1, 2, 3]), first)
  for (let port = 1; port < 200; port++) maglev.build([port])
  t.not(maglev.build([1, 2, 3]), first, 'but not for ever')
})

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
