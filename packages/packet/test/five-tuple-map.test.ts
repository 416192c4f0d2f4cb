import assert from 'node:assert/strict'
import { type FiveTuple, FiveTupleMap, formatTuple, murmur3 } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'

/** Slots of the smallest table: tuples that agree in this many low bits of the hash start at the same slot. */
const SMALLEST = 64

type Key = readonly [number, number, number, number, number]

function keyOf(i: number): Key {
  return [(0x7f146400 + (i & 0xff)) >>> 0, 0xff140a01, 32_768 + (i >> 8), 8080, i & 1 ? 6 : 17]
}

/** Keys that start at one slot of a table of 64, or of the slots around the wrap. */
function colliding(homes: readonly number[], count: number): Key[] {
  const keys: Key[] = []
  for (let i = 0; keys.length < count; i++) {
    const key = keyOf(i)
    if (homes.includes(murmur3(...key, 0) & (SMALLEST - 1))) keys.push(key)
  }
  return keys
}

const KEYS = [
  ...colliding([5], 12),
  ...colliding([61, 62, 63, 0], 20),
  ...Array.from({ length: 20 }, (_, i) => keyOf(i)),
]

/** The twin: a Map over text. */
function textOf([sourceAddress, destinationAddress, sourcePort, destinationPort, protocol]: Key): string {
  const tuple: FiveTuple = { sourceAddress, destinationAddress, sourcePort, destinationPort, protocol }
  return formatTuple(tuple)
}

function assertSame(map: FiveTupleMap<number>, twin: ReadonlyMap<string, number>): void {
  assert.equal(map.size, twin.size)
  assert.deepEqual(
    [...map.values()].sort((a, b) => a - b),
    [...twin.values()].sort((a, b) => a - b),
  )
}

t.ok(new Set(KEYS.map(textOf)).size >= 40)

t.test('agrees with a Map after any operations on colliding keys', async () => {
  const operation = fc.record({ key: fc.constantFrom(...KEYS), do: fc.constantFrom('set', 'set', 'delete', 'get') })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200, size: 'max' }), (operations) => {
      const map = new FiveTupleMap<number>()
      const twin = new Map<string, number>()
      operations.forEach(({ key, do: what }, i) => {
        const text = textOf(key)
        const before = twin.get(text)
        if (what === 'set') {
          assert.equal(map.set(...key, i), before)
          twin.set(text, i)
        } else if (what === 'delete') {
          assert.equal(map.delete(...key), before)
          twin.delete(text)
        } else assert.equal(map.get(...key), before)
        assertSame(map, twin)
      })
      for (const key of KEYS) assert.equal(map.get(...key), twin.get(textOf(key)))
    }),
    { numRuns: 200 },
  )
})

t.test('agrees with a Map while it grows and shrinks', async () => {
  // Negative: so many of the oldest keys go.
  const waves = fc.array(fc.integer({ min: -600, max: 800 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(waves, (waves) => {
      const map = new FiveTupleMap<number>()
      const twin = new Map<string, number>()
      let oldest = 0
      let next = 0
      for (const wave of waves) {
        for (let i = 0; i < wave; i++, next++) {
          map.set(...keyOf(next), next)
          twin.set(textOf(keyOf(next)), next)
        }
        for (let i = 0; i > wave && oldest < next; i--, oldest++) {
          assert.equal(map.delete(...keyOf(oldest)), oldest)
          twin.delete(textOf(keyOf(oldest)))
        }
        assertSame(map, twin)
        for (let i = oldest; i < next; i++) assert.equal(map.get(...keyOf(i)), i)
        for (let i = 0; i < oldest; i++) assert.equal(map.get(...keyOf(i)), undefined)
      }
    }),
    { numRuns: 40 },
  )
})

t.test('each member of the tuple is part of the key', async (t) => {
  const map = new FiveTupleMap<string>()
  map.set(1, 2, 3, 4, 6, 'value')
  t.equal(map.get(1, 2, 3, 4, 6), 'value')
  const others: readonly Key[] = [
    [2, 1, 3, 4, 6],
    [9, 2, 3, 4, 6],
    [1, 9, 3, 4, 6],
    [1, 2, 9, 4, 6],
    [1, 2, 3, 9, 6],
    [1, 2, 4, 3, 6],
    [1, 2, 3, 4, 17],
  ]
  for (const key of others) t.equal(map.get(...key), undefined)
})

t.test('removing what is not there changes nothing', async (t) => {
  const map = new FiveTupleMap<string>()
  t.equal(map.delete(1, 2, 3, 4, 6), undefined)
  t.equal(map.size, 0)
  t.same([...map.values()], [])
})
