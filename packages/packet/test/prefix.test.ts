import assert from 'node:assert/strict'
import {
  formatPrefix,
  hostPrefix,
  parsePrefix,
  prefixContains,
  prefixCovers,
  prefixMask,
  prefixOf,
} from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { address } from './samples.js'

const length = fc.nat(32)
const prefix = fc.tuple(address, length).map(([a, l]) => prefixOf(a, l))

t.test('masks', async (t) => {
  t.same([0, 1, 8, 24, 31, 32].map(prefixMask), [0, 0x80000000, 0xff000000, 0xffffff00, 0xfffffffe, 0xffffffff])
})
t.test('every prefix survives formatting and parsing', async () => {
  fc.assert(fc.property(prefix, (p) => assert.deepEqual(parsePrefix(formatPrefix(p)), p)))
})
t.test('what is a prefix and what is not', async (t) => {
  t.same(parsePrefix('127.20.10.0/24'), { address: 0x7f140a00, length: 24 })
  t.same(parsePrefix('127.20.10.1'), hostPrefix(0x7f140a01))
  t.same(parsePrefix('0.0.0.0/0'), { address: 0, length: 0 })
  for (const text of [
    '',
    '/24',
    '127.20.10.0/',
    '127.20.10.0/33',
    '127.20.10.0/024',
    '127.20.10.1/24',
    '1.2.3.4/32/1',
    '128.0.0.0/0',
  ])
    t.equal(parsePrefix(text), undefined, JSON.stringify(text))
})
t.test('containment bit by bit', async () => {
  const bits = (a: number, l: number): string => a.toString(2).padStart(32, '0').slice(0, l)
  // Half of the addresses are taken from near the prefix, else hardly any would lie inside.
  const near = fc
    .tuple(prefix, fc.nat(0xffffffff), fc.boolean())
    .map(([p, a, inside]): [typeof p, number] => [p, inside ? (p.address | (a & ~prefixMask(p.length))) >>> 0 : a])
  fc.assert(
    fc.property(near, length, ([p, a], l) => {
      const inside = bits(a, p.length) === bits(p.address, p.length)
      assert.equal(prefixContains(p, a), inside)
      assert.equal(prefixCovers(p, prefixOf(a, l)), l >= p.length && inside)
    }),
  )
})
