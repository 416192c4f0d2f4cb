import {
  BlockBuffer,
  timestamp,
  timestampOfMs,
  writeInterface,
  writePacket,
  writeSection,
  writeStatistics,
} from '@fivetuple/capture'
import fc from 'fast-check'
import t from 'tap'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const AT = { high: 0x0102_0304, low: 0x0506_0708 }

t.test('blocks byte by byte (draft-ietf-opsawg-pcapng-03)', async (t) => {
  const b = new BlockBuffer()
  writeSection(b, { application: 'fivetuple 1', os: 'Linux', hardware: 'x64' })
  t.equal(
    hex(b.take()),
    '0a0d0d0a' +
      '44000000' +
      '4d3c2b1a' +
      '01000000' +
      'ffffffffffffffff' +
      '0200030078363400' +
      '030005004c696e7578000000' +
      '04000b006669766574757' +
      '06c65203100' +
      '00000000' +
      '44000000',
    'section: magic, version 1.0, length unknown, hardware, OS, application',
  )
  writeInterface(b, { name: 'lb-1', description: 'a' })
  t.equal(
    hex(b.take()),
    '01000000' +
      '30000000' +
      'e4000000' +
      '00000000' +
      '02000400' +
      '6c622d31' +
      '03000100' +
      '61000000' +
      '09000100' +
      '09000000' +
      '00000000' +
      '30000000',
    'interface: LINKTYPE_IPV4, name, description, nanoseconds',
  )
  writePacket(b, 3, AT, Uint8Array.of(0x45, 0, 0), 20, { direction: 'out', comments: ['hi'], packetId: 258 })
  t.equal(
    hex(b.take()),
    '06000000' +
      '44000000' +
      '03000000' +
      '04030201' +
      '08070605' +
      '03000000' +
      '14000000' +
      '45000000' +
      '01000200' +
      '68690000' +
      '02000400' +
      '02000000' +
      '05000800' +
      '0201000000000000' +
      '00000000' +
      '44000000',
    'packet: interface, time, captured and original length, bytes, comment, direction, number',
  )
  writePacket(b, 0, AT, new Uint8Array(4), 4, {})
  t.equal(b.length, 36, 'a packet without notes has no options')
  b.take()
  writeStatistics(b, 0, { from: AT, to: AT, received: 4, accepted: 3, lost: 1, dropped: 2 ** 33 })
  const statistics = hex(b.take())
  t.ok(statistics.startsWith('05000000' + '64000000' + '00000000' + '0403020108070605'), 'statistics: interface, time')
  t.match(statistics, /05000800000000000200000/, 'a 64-bit counter, low half first')
})

t.test('a drop is a comment and a verdict; lost copies are counted before the packet', async (t) => {
  const b = new BlockBuffer()
  writePacket(b, 0, AT, new Uint8Array(4), 4, { dropCause: 'black-hole', lostBefore: 7 })
  const text = hex(b.take())
  t.match(text, hex(Buffer.from('dropped: black-hole')))
  t.match(text, '040008000700000000000000', 'epb_dropcount')
  t.match(text, '070009000001000000000000000000', 'epb_verdict')
})

t.test('every block has the same length at both ends, a multiple of 4', async () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          bytes: fc.uint8Array({ maxLength: 70 }),
          comments: fc.array(fc.string({ unit: 'grapheme', maxLength: 9 }), { maxLength: 3 }),
        }),
        { maxLength: 9 },
      ),
      (packets) => {
        const b = new BlockBuffer()
        for (const { bytes, comments } of packets) writePacket(b, 0, AT, bytes, bytes.length, { comments })
        const file = Buffer.from(b.take())
        let blocks = 0
        for (let o = 0; o < file.length; blocks++) {
          const length = file.readUInt32LE(o + 4)
          if (length % 4 !== 0 || file.readUInt32LE(o + length - 4) !== length) return false
          o += length
        }
        return blocks === packets.length
      },
    ),
  )
})

t.test('a text beyond an option is cut between characters', async (t) => {
  const b = new BlockBuffer()
  b.textOption(1, 'ä'.repeat(40_000))
  const length = Buffer.from(b.take()).readUInt16LE(2)
  t.equal(length, 65_534)
})

t.test('times are exact to the nanosecond', async (t) => {
  fc.assert(
    fc.property(fc.nat(2 ** 33 - 1), fc.nat(999_999_999), (seconds, nanoseconds) => {
      const { high, low } = timestamp(seconds, nanoseconds)
      return (BigInt(high) << 32n) + BigInt(low) === BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)
    }),
  )
  t.same(timestampOfMs(1_796_000_000_123.25), timestamp(1_796_000_000, 123_250_000))
})
