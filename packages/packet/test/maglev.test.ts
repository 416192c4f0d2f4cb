import { strict as assert } from 'node:assert'
import { buildMaglevTable, MAGLEV_SLOTS, type MaglevEntry, murmur3 } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'

/** Permutations as an LB derives them from the backends' endpoints. */
function entries(count: number, slots: number, weight: (i: number) => number = () => 1): MaglevEntry[] {
  return Array.from({ length: count }, (_, i) => ({
    offset: murmur3(i, 0, 0, 0, 0, 1) % slots,
    skip: (murmur3(i, 0, 0, 0, 0, 2) % (slots - 1)) + 1,
    weight: weight(i),
  }))
}

function shares(table: Uint16Array, count: number): number[] {
  const shares = new Array<number>(count).fill(0)
  for (const entry of table) shares[entry]!++
  return shares
}

t.test("golden: the paper's example, before and after B1 has gone", async (t) => {
  const paper = [
    [3, 4],
    [0, 2],
    [3, 1],
  ].map(([offset, skip]) => ({ offset: offset!, skip: skip!, weight: 1 }))
  t.strictSame([...buildMaglevTable(7, paper)], [1, 0, 1, 0, 2, 2, 0])
  t.strictSame([...buildMaglevTable(7, [paper[0]!, paper[2]!])], [0, 0, 0, 0, 1, 1, 1])
})

t.test('equal weights: shares differ by at most one slot', async (t) => {
  for (const count of [1, 2, 3, 10, 100, 250]) {
    const counts = shares(buildMaglevTable(MAGLEV_SLOTS, entries(count, MAGLEV_SLOTS)), count)
    t.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${count} entries`)
  }
})

t.test('weights: shares follow them', async (t) => {
  const counts = shares(
    buildMaglevTable(
      MAGLEV_SLOTS,
      entries(3, MAGLEV_SLOTS, (i) => [1, 2, 5][i]!),
    ),
    3,
  )
  counts.forEach((count, i) => {
    const expected = (MAGLEV_SLOTS * [1, 2, 5][i]!) / 8
    t.ok(Math.abs(count - expected) < expected * 0.01, `${count} of ${expected}`)
  })
})

t.test('when one of N goes, few slots of the others change hands', async (t) => {
  for (const [count, collateralMax] of [
    [4, 0.002],
    [8, 0.004],
  ] as const) {
    const all = entries(count, MAGLEV_SLOTS)
    const before = buildMaglevTable(MAGLEV_SLOTS, all)
    const after = buildMaglevTable(MAGLEV_SLOTS, all.slice(1))
    let collateral = 0
    before.forEach((entry, slot) => {
      if (entry !== 0 && entry - 1 !== after[slot]) collateral++
    })
    const share = collateral / MAGLEV_SLOTS
    t.ok(share < collateralMax, `${count} entries: ${(share * 100).toFixed(3)} % moved without need`)
  }
})

t.test('property: every slot is taken, by the entry whose turn it is', async () => {
  const SLOTS = 101
  const entry = fc.record({
    offset: fc.nat(SLOTS - 1),
    skip: fc.integer({ min: 1, max: SLOTS - 1 }),
    weight: fc.integer({ min: 1, max: 9 }),
  })
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 20 }), (list) => {
      const table = buildMaglevTable(SLOTS, list)
      assert.equal(table.length, SLOTS)
      const counts = shares(table, list.length)
      const total = list.reduce((sum, { weight }) => sum + weight, 0)
      list.forEach(({ weight }, i) => {
        assert.ok(Math.abs(counts[i]! - (SLOTS * weight) / total) <= list.length + 1, `${counts} for ${weight}`)
      })
    }),
  )
  assert.equal(buildMaglevTable(SLOTS, []).length, 0)
})
