import assert from 'node:assert/strict'
import {
  decrementTtl,
  IPV4_HEADER_BYTES,
  ipv4Checksum,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Identification,
  ipv4Protocol,
  ipv4Source,
  ipv4TotalLength,
  ipv4Ttl,
  type MalformedCause,
  malformedIpv4,
  refreshIpv4Checksum,
  writeIpv4Header,
  writeU16,
} from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { address, CAPTURED_SYN, CAPTURED_UDP, hex, packet } from './samples.js'

t.test('the header of a captured packet', async (t) => {
  t.equal(ipv4HeaderLength(CAPTURED_SYN, 0), 20)
  t.equal(ipv4TotalLength(CAPTURED_SYN, 0), 60)
  t.equal(ipv4Identification(CAPTURED_SYN, 0), 0xbc62)
  t.equal(ipv4Ttl(CAPTURED_SYN, 0), 64)
  t.equal(ipv4Protocol(CAPTURED_SYN, 0), 6)
  t.equal(ipv4Checksum(CAPTURED_SYN, 0), 0xf231)
  t.equal(ipv4Source(CAPTURED_SYN, 0), 0xc6120001)
  t.equal(ipv4Destination(CAPTURED_SYN, 0), 0xc6120002)
  t.equal(malformedIpv4(CAPTURED_SYN, 0, 60), undefined)
  t.equal(malformedIpv4(CAPTURED_UDP, 0, 38), undefined)
})

t.test('a header that many textbooks work through', async (t) => {
  const b = new Uint8Array(0x73)
  writeIpv4Header(b, 0, 0x73, 64, 17, 0xc0a80001, 0xc0a800c7)
  t.same(b.subarray(0, 20), hex('45 00 00 73 00 00 40 00 40 11 b8 61 c0 a8 00 01 c0 a8 00 c7'))
})

t.test('what is written is well-formed and reads back', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 20, max: 0xffff }),
      fc.nat(255),
      fc.nat(255),
      address,
      address,
      fc.nat(9),
      (length, ttl, protocol, from, to, o) => {
        const b = new Uint8Array(o + length)
        writeIpv4Header(b, o, length, ttl, protocol, from, to)
        assert.equal(malformedIpv4(b, o, o + length), undefined)
        assert.deepEqual(
          [ipv4TotalLength(b, o), ipv4Ttl(b, o), ipv4Protocol(b, o), ipv4Source(b, o), ipv4Destination(b, o)],
          [length, ttl, protocol, from, to],
        )
        const checksum = ipv4Checksum(b, o)
        refreshIpv4Checksum(b, o)
        assert.equal(ipv4Checksum(b, o), checksum)
      },
    ),
    { numRuns: 50 },
  )
})

t.test('taking one from the TTL is a recomputation', async () => {
  fc.assert(
    fc.property(packet, (b) => {
      const expected = b.slice()
      expected[8] = Math.max(0, b[8]! - 1)
      refreshIpv4Checksum(expected, 0)
      assert.equal(decrementTtl(b, 0), expected[8])
      assert.deepEqual(b, expected)
    }),
  )
})

t.test('decrementing the TTL does not repair a checksum', async () => {
  fc.assert(
    fc.property(packet, fc.integer({ min: 1, max: 0xfffe }), (b, error) => {
      writeU16(b, 10, (ipv4Checksum(b, 0) + error) % 0xffff)
      decrementTtl(b, 0)
      assert.equal(malformedIpv4(b, 0, b.length), 'checksum')
    }),
  )
})

const spoilt: readonly [MalformedCause, string, (b: Uint8Array) => Uint8Array][] = [
  ['truncated', '19 bytes', (b) => b.subarray(0, 19)],
  ['truncated', 'nothing', (b) => b.subarray(0, 0)],
  ['version', 'IPv6', (b) => edited(b, 0, 0x65)],
  ['header-length', 'IHL 4', (b) => edited(b, 0, 0x44)],
  ['header-length', 'options behind the end', (b) => edited(b, 0, 0x4f).subarray(0, 40)],
  ['total-length', 'shorter than the header', (b) => edited(b, 3, 19)],
  ['total-length', 'longer than the bytes', (b) => edited(b, 3, 61)],
  ['fragment', 'more fragments', (b) => edited(b, 6, 0x20)],
  ['fragment', 'an offset', (b) => edited(b, 7, 1)],
  ['checksum', 'another TTL', (b) => edited(b, 8, 63)],
]
function edited(b: Uint8Array, at: number, value: number): Uint8Array {
  b[at] = value
  return b
}
for (const [cause, how, spoil] of spoilt)
  t.test(`malformed, ${cause}: ${how}`, async (t) => {
    const b = spoil(CAPTURED_SYN.slice())
    t.equal(malformedIpv4(b, 0, b.length), cause)
  })

t.test('options and trailing bytes are fine', async (t) => {
  const b = new Uint8Array(30)
  b.set(hex('46 00 00 18 00 00 00 00 40 01 00 00 7f 00 00 01 7f 00 00 02 01 01 01 00'))
  refreshIpv4Checksum(b, 0)
  t.equal(ipv4HeaderLength(b, 0), 24)
  t.equal(malformedIpv4(b, 0, b.length), undefined)
})

t.test('each flipped bit of a header is noticed', async (t) => {
  for (let bit = 0; bit < IPV4_HEADER_BYTES * 8; bit++) {
    const b = CAPTURED_SYN.slice()
    b[bit >> 3]! ^= 0x80 >> (bit & 7)
    // A bit of the fragment field, of version or lengths has a name of its own.
    if (malformedIpv4(b, 0, b.length) === undefined) t.fail(`bit ${bit}`)
  }
})

t.test('any bytes are well-formed or have a cause', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (b, plausible) => {
      if (plausible && b.length > 0) b[0] = 0x45
      const cause = malformedIpv4(b, 0, b.length)
      if (cause === undefined) assert.ok(ipv4TotalLength(b, 0) <= b.length)
    }),
  )
})
