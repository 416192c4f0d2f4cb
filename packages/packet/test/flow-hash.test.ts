import assert from 'node:assert/strict'
import { crc32, type FiveTuple, FLOW_HASHES, type FlowHash, murmur3, xor } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { hex, tuple } from './samples.js'

/** MurmurHash3 x86_32 of any bytes, as its definition reads. */
function naiveMurmur3(bytes: Uint8Array, seed: number): number {
  const scramble = (word: number): number => {
    const k = Math.imul(word, 0xcc9e2d51)
    return Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  }
  const blocks = bytes.length >> 2
  let h = seed
  for (let i = 0; i < blocks; i++) {
    h ^= scramble(bytes[i * 4]! | (bytes[i * 4 + 1]! << 8) | (bytes[i * 4 + 2]! << 16) | (bytes[i * 4 + 3]! << 24))
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let i = bytes.length - 1; i >= blocks * 4; i--) tail = (tail << 8) | bytes[i]!
  h ^= scramble(tail)
  h ^= bytes.length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** CRC-32 bit by bit. */
function naiveCrc32(bytes: Uint8Array, seed: number): number {
  let c = ~seed
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) c = ((c ^ (byte >>> bit)) & 1) === 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return ~c >>> 0
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

t.test('the twins return the published values', async (t) => {
  for (const [bytes, seed, hash] of [
    [hex(''), 0, 0],
    [hex(''), 1, 0x514e28b7],
    [hex(''), 0xffffffff, 0x81f16f39],
    [hex('ff ff ff ff'), 0, 0x76293b50],
    [hex('21 43 65 87'), 0, 0xf55b516b],
    [hex('21 43 65 87'), 0x5082edee, 0x2362f9de],
    [hex('21 43 65'), 0, 0x7e4a8634],
    [ascii('aaaa'), 0x9747b28c, 0x5a97808a],
    [ascii('Hello, world!'), 0x9747b28c, 0x24884cba],
  ] as const)
    t.equal(naiveMurmur3(bytes, seed), hash)
  t.equal(naiveCrc32(ascii('123456789'), 0), 0xcbf43926)
})

t.test('a tuple whose thirteen bytes spell "Hello, world!"', async (t) => {
  t.equal(crc32(0x48656c6c, 0x6f2c2077, 0x6f72, 0x6c64, 0x21, 0), 0xebe6c6e6)
})

t.test('murmur3 is MurmurHash3 over four little-endian words', async () => {
  fc.assert(
    fc.property(tuple, fc.nat(0xffffffff), (x, seed) => {
      const bytes = new DataView(new ArrayBuffer(16))
      bytes.setUint32(0, x.sourceAddress, true)
      bytes.setUint32(4, x.destinationAddress, true)
      bytes.setUint32(8, x.sourcePort * 65_536 + x.destinationPort, true)
      bytes.setUint32(12, x.protocol, true)
      assert.equal(call(murmur3, x, seed), naiveMurmur3(new Uint8Array(bytes.buffer), seed))
    }),
  )
})

t.test('crc32 is CRC-32 over the tuple in network order', async () => {
  fc.assert(
    fc.property(tuple, fc.nat(0xffffffff), (x, seed) => {
      const bytes = new DataView(new ArrayBuffer(13))
      bytes.setUint32(0, x.sourceAddress)
      bytes.setUint32(4, x.destinationAddress)
      bytes.setUint16(8, x.sourcePort)
      bytes.setUint16(10, x.destinationPort)
      bytes.setUint8(12, x.protocol)
      assert.equal(call(crc32, x, seed), naiveCrc32(new Uint8Array(bytes.buffer), seed))
    }),
  )
})

t.test('crc32 keeps collisions under each seed', async () => {
  fc.assert(
    fc.property(tuple, tuple, fc.nat(0xffffffff), (a, b, seed) => {
      assert.equal((call(crc32, a, 0) ^ call(crc32, b, 0)) >>> 0, (call(crc32, a, seed) ^ call(crc32, b, seed)) >>> 0)
    }),
  )
})

t.test('xor is blind to the direction of a flow', async (t) => {
  t.equal(xor(0x7f140001, 0x7f150002, 1000, 80, 6, 0), 0x0001 ^ 0x0003 ^ 1000 ^ 80 ^ 6)
  fc.assert(
    fc.property(tuple, fc.nat(0xffffffff), (x, seed) => {
      const { sourceAddress: s, destinationAddress: d, sourcePort: sp, destinationPort: dp, protocol } = x
      assert.equal(xor(s, d, sp, dp, protocol, seed), xor(d, s, dp, sp, protocol, seed))
    }),
  )
})

t.test('each hash gives 32 unsigned bits', async () => {
  fc.assert(
    fc.property(tuple, fc.nat(0xffffffff), (x, seed) => {
      for (const hash of Object.values(FLOW_HASHES)) {
        const value = call(hash, x, seed)
        assert.equal(value, value >>> 0)
      }
    }),
  )
})

function call(hash: FlowHash, x: FiveTuple, seed: number): number {
  return hash(x.sourceAddress, x.destinationAddress, x.sourcePort, x.destinationPort, x.protocol, seed)
}
