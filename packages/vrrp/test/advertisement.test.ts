import assert from 'node:assert/strict'
import { internetChecksum, writeU16 } from '@fivetuple/packet'
import { type Advertisement, decodeAdvertisement, encodeAdvertisement } from '@fivetuple/vrrp'
import fc from 'fast-check'
import t from 'tap'

interface Vector {
  readonly what: string
  readonly hex: string
  readonly advertisement: Advertisement
}

/**
 * Laid out and summed up by hand after RFC 9568 §5.2. Wireshark 4.0 reads the same fields; its
 * opinion of the checksum is still that of RFC 5798, which counted a pseudo-header.
 */
const VECTORS: readonly Vector[] = [
  {
    what: 'one address, the default interval',
    // 3133 + 6401 + 0064 + 0a00 + 0001 = 9f99, complement 6066
    hex: '31 33 64 01 0064 6066 0a000001',
    advertisement: { vrid: 51, priority: 100, adverIntervalMs: 1_000, addresses: [0x0a00_0001] },
  },
  {
    what: 'resigning, two addresses, the longest interval',
    // 3107 + 0002 + 0fff + 7f14 + 0a01 + 7f14 + 0a02 = 1_5333, folded 5334, complement accb
    hex: '31 07 00 02 0fff accb 7f140a01 7f140a02',
    advertisement: { vrid: 7, priority: 0, adverIntervalMs: 40_950, addresses: [0x7f14_0a01, 0x7f14_0a02] },
  },
  {
    what: 'the shortest interval, an owner',
    // 31ff + ff01 + 0001 + c612 + 0001 = 1_f714, folded f715, complement 08ea
    hex: '31 ff ff 01 0001 08ea c6120001',
    advertisement: { vrid: 255, priority: 255, adverIntervalMs: 10, addresses: [0xc612_0001] },
  },
]

const advertisements: fc.Arbitrary<Advertisement> = fc.record(
  {
    vrid: fc.integer({ min: 1, max: 255 }),
    priority: fc.integer({ min: 0, max: 255 }),
    adverIntervalMs: fc.integer({ min: 1, max: 4_095 }).map((centiseconds) => centiseconds * 10),
    addresses: fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 1, maxLength: 255 }),
  },
  { noNullPrototype: true },
)

t.test('golden vectors', (t) => {
  t.ok(VECTORS.length > 0)
  for (const { what, hex, advertisement } of VECTORS) {
    t.same(decodeAdvertisement(bytes(hex)), { ok: true, value: advertisement }, what)
    t.same([...encodeAdvertisement(advertisement)], [...bytes(hex)], what)
  }
  t.end()
})

t.test('the reserved bits are ignored', (t) => {
  const b = bytes(VECTORS[0]!.hex)
  b[4]! |= 0xf0
  t.same(decodeAdvertisement(summed(b)), { ok: true, value: VECTORS[0]!.advertisement })
  t.end()
})

t.test('each fault has a name', (t) => {
  const good = VECTORS[1]!.hex
  const changed = (offset: number, value: number): Uint8Array => {
    const b = bytes(good)
    b[offset] = value
    return summed(b)
  }
  const faults: readonly (readonly [string, Uint8Array])[] = [
    ['truncated', bytes('')],
    ['truncated', bytes(good).subarray(0, 7)],
    ['truncated', bytes(good).subarray(0, 15)],
    ['trailing-bytes', bytes(`${good} 00`)],
    ['version', changed(0, 0x21)],
    ['type', changed(0, 0x32)],
    ['checksum', bytes(good.replace('accb', 'accc'))],
    ['vrid', changed(1, 0)],
    ['no-address', summed(bytes('31 07 64 00 0064 0000'))],
    ['no-interval', summed(bytes('31 07 64 01 f000 0000 7f140a01'))],
  ]
  for (const [fault, b] of faults) t.same(decodeAdvertisement(b), { ok: false, fault })
  t.end()
})

t.test('round trip, and trailing bytes are refused', (t) => {
  fc.assert(
    fc.property(advertisements, (advertisement) => {
      const b = encodeAdvertisement(advertisement)
      assert.deepEqual(decodeAdvertisement(b), { ok: true, value: advertisement })
      for (let length = 0; length < b.length; length++) assert(!decodeAdvertisement(b.subarray(0, length)).ok)
      assert(!decodeAdvertisement(Uint8Array.of(...b, 0)).ok)
    }),
    { numRuns: 50 },
  )
  t.end()
})

t.test('a flipped bit is always detected', (t) => {
  fc.assert(
    fc.property(advertisements, fc.nat(), (advertisement, at) => {
      const b = encodeAdvertisement(advertisement)
      b[(at >>> 3) % b.length]! ^= 1 << (at & 7)
      assert(!decodeAdvertisement(b).ok)
    }),
  )
  t.end()
})

t.test('any bytes yield a value or a fault', (t) => {
  const startsWell = fc.uint8Array({ maxLength: 64 }).map((b) => summed(Uint8Array.of(0x31, ...b)))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 1_100 }), startsWell), (b) => {
      const decoded = decodeAdvertisement(b)
      if (decoded.ok) assert.deepEqual(decodeAdvertisement(encodeAdvertisement(decoded.value)), decoded)
    }),
    { numRuns: 1_000 },
  )
  t.end()
})

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

/** The same bytes with a good checksum, where there is room for one. */
function summed(b: Uint8Array): Uint8Array {
  if (b.length < 8) return b
  writeU16(b, 6, 0)
  writeU16(b, 6, internetChecksum(b, 0, b.length))
  return b
}
