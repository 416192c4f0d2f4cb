import { type ControlPacket, decodeControlPacket, diagnosticText, encodeControlPacket } from '@fivetuple/bfd'
import fc from 'fast-check'
import t from 'tap'
import { controlPackets } from './generators.js'
import { hex } from './hex.js'

const PLAIN: ControlPacket = {
  state: 'up',
  diagnostic: 0,
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  demand: false,
  detectMultiplier: 3,
  myDiscriminator: 0x0102_0304,
  yourDiscriminator: 0xfffe_fdfc,
  desiredMinTxUs: 300_000,
  requiredMinRxUs: 300_000,
  requiredMinEchoRxUs: 0,
}
const DIGEST = hex('000102030405060708090a0b0c0d0e0f10111213')

/** Written by hand from the layouts of RFC 5880 §4.1 to §4.4. */
const VECTORS: readonly { readonly name: string; readonly bytes: Uint8Array; readonly packet: ControlPacket }[] = [
  {
    name: 'first packet: Down, nothing known of the peer',
    bytes: hex(`
      20 40 03 18  // version 1, no diagnostic; Down; multiplier 3; 24 bytes
      01020304     // My Discriminator
      00000000     // Your Discriminator
      000f4240     // Desired Min TX: 1 s
      000493e0     // Required Min RX: 300 ms
      00000000     // Required Min Echo RX`),
    packet: { ...PLAIN, state: 'down', yourDiscriminator: 0, desiredMinTxUs: 1_000_000 },
  },
  {
    name: 'Up with Poll',
    bytes: hex('20 e0 03 18  01020304 fffefdfc  000493e0 000493e0 00000000'),
    packet: { ...PLAIN, poll: true },
  },
  {
    name: 'Init with Final, diagnostic 1, control plane independent, Demand, echo',
    bytes: hex('21 9a ff 18  01020304 fffefdfc  ffffffff 00000000 0000c350'),
    packet: {
      ...PLAIN,
      state: 'init',
      diagnostic: 1,
      final: true,
      controlPlaneIndependent: true,
      demand: true,
      detectMultiplier: 255,
      desiredMinTxUs: 0xffff_ffff,
      requiredMinRxUs: 0,
      requiredMinEchoRxUs: 50_000,
    },
  },
  {
    name: 'AdminDown, diagnostic 7, simple password',
    bytes: hex(`
      27 04 03 21 01020304 fffefdfc 000493e0 000493e0 00000000
      01 09 02 736563726574  // simple password, 9 bytes, key 2, "secret"`),
    packet: {
      ...PLAIN,
      state: 'admin-down',
      diagnostic: 7,
      authentication: { type: 'simple-password', keyId: 2, password: Buffer.from('secret') },
    },
  },
  {
    name: 'keyed MD5',
    bytes: hex(`
      20 c4 03 30 01020304 fffefdfc 000493e0 000493e0 00000000
      02 18 05 00 80000001 000102030405060708090a0b0c0d0e0f`),
    packet: {
      ...PLAIN,
      authentication: { type: 'keyed-md5', keyId: 5, sequence: 0x8000_0001, digest: DIGEST.subarray(0, 16) },
    },
  },
  {
    name: 'meticulous keyed SHA1',
    bytes: hex(`
      20 c4 03 34 01020304 fffefdfc 000493e0 000493e0 00000000
      05 1c ff 00 ffffffff 000102030405060708090a0b0c0d0e0f10111213`),
    packet: {
      ...PLAIN,
      authentication: { type: 'meticulous-keyed-sha1', keyId: 255, sequence: 0xffff_ffff, digest: DIGEST },
    },
  },
]

t.test('golden vectors', (t) => {
  t.ok(VECTORS.length >= 6)
  for (const { name, bytes, packet } of VECTORS) {
    t.same(readable(decodeControlPacket(bytes)), readable({ ok: true, value: packet }), `decodes: ${name}`)
    t.same(Buffer.from(encodeControlPacket(packet)), Buffer.from(bytes), `encodes: ${name}`)
  }
  t.end()
})

t.test('truncated at every byte, and trailed by any', (t) => {
  for (const { name, bytes, packet } of VECTORS) {
    for (let length = 0; length < bytes.length; length++)
      t.same(decodeControlPacket(bytes.subarray(0, length)), { ok: false, fault: 'truncated' }, `${name}: ${length}`)
    const trailed = Uint8Array.from([...bytes, 0xff, 1])
    t.same(readable(decodeControlPacket(trailed)), readable({ ok: true, value: packet }), `${name}: trailed`)
  }
  t.end()
})

t.test('checks of RFC 5880 §6.8.6 in the order of the RFC', (t) => {
  const good = hex('20 c0 03 18 01020304 00000000 000493e0 000493e0 00000000')
  /** Each breaks one more check, from the last to the first, so that the first one is reported. */
  const steps: readonly (readonly [offset: number, value: number, fault: string])[] = [
    [4, 0, 'my-discriminator'],
    [1, 0xc1, 'multipoint'],
    [2, 0, 'detect-multiplier'],
    [3, 25, 'truncated'],
    [3, 23, 'length'],
    [0, 0x00, 'version'],
  ]
  const b = good.slice()
  b.fill(0, 5, 8)
  t.equal(decodeControlPacket(b).ok, true)
  for (const [offset, value, fault] of steps) {
    b[offset] = value
    t.same(decodeControlPacket(b), { ok: false, fault })
  }
  t.end()
})

t.test('hostile authentication sections', (t) => {
  const head = (length: number) => `20 c4 03 ${length.toString(16)} 01020304 fffefdfc 000493e0 000493e0 00000000`
  const cases: readonly (readonly [text: string, fault: string])[] = [
    [`${head(25)} 01`, 'length'],
    [`${head(26)} 01 02`, 'authentication-length'],
    [`${head(27)} 01 03 00`, 'authentication-length'],
    [`${head(41)} 01 11 00 ${'61'.repeat(14)}`, 'ok'],
    [`${head(44)} 01 14 00 ${'61'.repeat(17)}`, 'authentication-length'],
    [`${head(28)} 00 04 00 00`, 'authentication-type'],
    [`${head(28)} 06 04 00 00`, 'authentication-type'],
    [`${head(28)} 04 1c 00 00`, 'authentication-length'],
    [`${head(52)} 04 18 00 00 ${'00'.repeat(24)}`, 'authentication-length'],
    [`${head(52)} 02 1c 00 00 ${'00'.repeat(24)}`, 'authentication-length'],
  ]
  for (const [text, fault] of cases) {
    const decoded = decodeControlPacket(hex(text))
    t.equal(decoded.ok ? 'ok' : decoded.fault, fault, text.slice(60))
  }
  t.end()
})

t.test('round trips', (t) => {
  fc.assert(
    fc.property(controlPackets, (packet) => {
      const bytes = encodeControlPacket(packet)
      t.same(readable(decodeControlPacket(bytes)), readable({ ok: true, value: packet }))
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('any bytes give a value', (t) => {
  const any = fc.uint8Array({ maxLength: 80 })
  fc.assert(fc.property(any, (bytes) => typeof decodeControlPacket(bytes).ok === 'boolean'))
  const mutated = fc.tuple(controlPackets, fc.nat(), fc.nat(255))
  fc.assert(
    fc.property(mutated, ([packet, at, value]) => {
      const bytes = encodeControlPacket(packet)
      bytes[at % bytes.length] = value
      const decoded = decodeControlPacket(bytes)
      // A packet that is accepted can be encoded again.
      return !decoded.ok || encodeControlPacket(decoded.value).length <= bytes.length
    }),
    { numRuns: 2_000 },
  )
  t.end()
})

t.test('the decoder keeps no view of its input', (t) => {
  // A datagram is a Buffer, and slice() of a Buffer is a view, unlike that of a Uint8Array.
  for (const { name, bytes, packet } of VECTORS) {
    const buffer = Buffer.from(bytes)
    const decoded = decodeControlPacket(buffer)
    buffer.fill(0)
    t.same(readable(decoded), readable({ ok: true, value: packet }), name)
  }
  t.end()
})

t.test('diagnostics', (t) => {
  t.equal(diagnosticText(1), 'control detection time expired')
  t.equal(diagnosticText(8), 'reverse concatenated path down')
  t.equal(diagnosticText(31), 'reserved diagnostic 31')
  t.end()
})

/** Bytes as hex, so that views of different classes are equal. */
function readable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, v) =>
      v instanceof Uint8Array
        ? Buffer.from(v).toString('hex')
        : v?.type === 'Buffer'
          ? Buffer.from(v.data).toString('hex')
          : v,
    ),
  )
}
