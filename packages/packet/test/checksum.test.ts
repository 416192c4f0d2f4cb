import assert from 'node:assert/strict'
import {
  foldSum,
  internetChecksum,
  longDelta,
  readU16,
  readU32,
  sumWords,
  updateChecksum,
  wordDelta,
  writeU16,
  writeU32,
} from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { hex } from './samples.js'

t.test('the worked example of RFC 1071 §3', async (t) => {
  const bytes = hex('00 01 f2 03 f4 f5 f6 f7')
  t.equal(sumWords(bytes, 0, 8), 0x2ddf0)
  t.equal(foldSum(0x2ddf0), 0xddf2)
  t.equal(internetChecksum(bytes, 0, 8), 0x220d)
})

t.test('the worked example of RFC 1624 §4', async (t) => {
  // Equation 2 of RFC 1141 would give 0xffff here.
  t.equal(updateChecksum(0xdd2f, wordDelta(0x5555, 0x3285)), 0x0000)
})

t.test('carries of carries are folded', async (t) => {
  t.equal(foldSum(0xffffffff), 0xffff)
  t.equal(foldSum(0x1ffff), 1)
  t.equal(foldSum(0), 0)
})

t.test('an odd last byte is the high half of a word', async (t) => {
  t.equal(sumWords(hex('01 02 03'), 0, 3), 0x0102 + 0x0300)
  t.equal(sumWords(hex('ff 01 02 ff'), 1, 3), 0x0102)
})

t.test('the longest packet does not overflow the sum', async (t) => {
  t.equal(internetChecksum(new Uint8Array(65_535).fill(0xff), 0, 65_535), 0x00ff)
})

t.test('a sum is that of big integers modulo 65535', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (bytes) => {
      const even = bytes.length % 2 === 0 ? bytes : Uint8Array.of(...bytes, 0)
      const value = BigInt(`0x${Buffer.from(even).toString('hex')}`)
      assert.equal(foldSum(sumWords(bytes, 0, bytes.length)) % 0xffff, Number(value % 0xffffn))
    }),
  )
})

t.test('an incremental update is a recomputation', async () => {
  const content = fc.uint8Array({ minLength: 12, maxLength: 12 }).filter((bytes) => bytes.some((byte) => byte !== 0))
  fc.assert(
    fc.property(content, fc.nat(2), fc.nat(0xffffffff), fc.nat(3), fc.nat(0xffff), (bytes, long, to32, word, to16) => {
      // One's complement has two zeros: a content that becomes all zero is the one case where they differ.
      const before = internetChecksum(bytes, 0, 12)
      const delta32 = longDelta(readU32(bytes, long * 4), to32)
      writeU32(bytes, long * 4, to32)
      const delta16 = wordDelta(readU16(bytes, word * 2), to16)
      writeU16(bytes, word * 2, to16)
      fc.pre(bytes.some((byte) => byte !== 0))
      assert.equal(updateChecksum(before, delta32 + delta16), internetChecksum(bytes, 0, 12))
    }),
  )
})

t.test('bytes go in and come out in network order', async (t) => {
  const bytes = new Uint8Array(6)
  writeU16(bytes, 0, 0x1fffe)
  writeU32(bytes, 2, 0xfedcba98)
  t.same(bytes, hex('ff fe fe dc ba 98'))
  t.equal(readU16(bytes, 0), 0xfffe)
  t.equal(readU32(bytes, 2), 0xfedcba98)
})
