import assert from 'node:assert/strict'
import {
  type FiveTuple,
  ICMP_ERROR_MAX_BYTES,
  IcmpType,
  icmpQuoteOffset,
  internetChecksum,
  ipv4Destination,
  ipv4Source,
  ipv4TotalLength,
  isAdmissionRefusal,
  isSourcePortProblem,
  malformedIpv4,
  mayAnswerWithIcmpError,
  readIcmpError,
  refreshIpv4Checksum,
  SOURCE_PORT_POINTER,
  UnreachableCode,
  writeIcmpError,
  writeU16,
} from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { CAPTURED_SYN, CAPTURED_UDP, hex, packetOf, tuple } from './samples.js'

const ROUTER = 0x7f140001

function errorAbout(offending: Uint8Array, type: number = IcmpType.DESTINATION_UNREACHABLE, code = 0): Uint8Array {
  const b = new Uint8Array(ICMP_ERROR_MAX_BYTES)
  return b.subarray(0, writeIcmpError(b, 0, type, code, ROUTER, offending, 0))
}

t.test('a port unreachable about a captured datagram', async (t) => {
  t.same(
    errorAbout(CAPTURED_UDP, IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.PORT),
    hex(`
      45 00 00 38  # total length 56
      00 00 40 00
      40 01 f5 9c  # TTL 64, ICMP; header checksum
      7f 14 00 01  # from 127.20.0.1
      c6 12 00 01  # to the sender, 198.18.0.1
      03 03 75 61  # destination unreachable, port; checksum
      00 00 00 00
      45 00 00 26 c5 8f 40 00 40 11 e9 0f c6 12 00 01 c6 12 00 02  # the offending header
      d7 29 00 35 00 12 b0 2a  # and the eight bytes behind
    `),
  )
})

t.test('a parameter problem about the source port of a captured SYN', async (t) => {
  const b = new Uint8Array(ICMP_ERROR_MAX_BYTES)
  const { PARAMETER_PROBLEM } = IcmpType
  const length = writeIcmpError(b, 0, PARAMETER_PROBLEM, 0, ROUTER, CAPTURED_SYN, 0, SOURCE_PORT_POINTER)
  t.same(b.subarray(20, 28), hex('0c 00 a3 a2 14 00 00 00'), 'type 12, code 0, checksum, pointer 20')
  const error = readIcmpError(b.subarray(0, length), 0)!
  t.match(error, { type: 12, code: 0, pointer: 20 })
  t.equal(isSourcePortProblem(error), true)
  t.equal(isAdmissionRefusal(error), false)
  for (const other of [0, 12, 22]) t.equal(isSourcePortProblem({ ...error, pointer: other }), false)
})

t.test('what is written reads back', async () => {
  const type = fc.constantFrom<number>(IcmpType.DESTINATION_UNREACHABLE, IcmpType.TIME_EXCEEDED)
  fc.assert(
    fc.property(tuple, fc.uint8Array({ maxLength: 30 }), type, fc.nat(15), (x: FiveTuple, payload, type, code) => {
      const b = errorAbout(packetOf(x, payload), type, code)
      assert.equal(malformedIpv4(b, 0, b.length), undefined)
      assert.equal(ipv4TotalLength(b, 0), b.length)
      assert.deepEqual([ipv4Source(b, 0), ipv4Destination(b, 0)], [ROUTER, x.sourceAddress])
      assert.equal(internetChecksum(b, 20, b.length), 0)
      assert.deepEqual(readIcmpError(b, 0), { type, code, pointer: 0, offending: x })
    }),
  )
})

t.test('options of the offending packet are quoted too', async (t) => {
  const b = new Uint8Array(60 + 20)
  b.set(CAPTURED_SYN.subarray(0, 20))
  b[0] = 0x4f
  b.fill(1, 20, 60)
  b.set(CAPTURED_SYN.subarray(20, 40), 60)
  writeU16(b, 2, b.length)
  refreshIpv4Checksum(b, 0)
  const message = errorAbout(b)
  t.equal(message.length, ICMP_ERROR_MAX_BYTES)
  t.match(readIcmpError(message, 0)?.offending, { sourcePort: 44_850, destinationPort: 80 })
})

t.test('a packet shorter than the quote is quoted as it is, and names no flow', async (t) => {
  const short = CAPTURED_UDP.slice(0, 23)
  writeU16(short, 2, 23)
  refreshIpv4Checksum(short, 0)
  const message = errorAbout(short)
  t.equal(message.length, 20 + 8 + 23)
  t.equal(readIcmpError(message, 0), undefined)
})

t.test('what is no error to us', async (t) => {
  const message = errorAbout(CAPTURED_UDP)
  const edited = (at: number, value: number): Uint8Array => {
    const b = message.slice()
    b[at] = value
    writeU16(b, 22, 0)
    writeU16(b, 22, internetChecksum(b, 20, b.length))
    return b
  }
  t.ok(readIcmpError(edited(21, 7), 0), 'any code will do')
  t.equal(readIcmpError(edited(20, IcmpType.ECHO), 0), undefined)
  t.equal(readIcmpError(edited(28, 0x65), 0), undefined, 'a quote of another version')
  t.equal(readIcmpError(edited(28, 0x44), 0), undefined, 'a quote with too short a header')
  t.equal(readIcmpError(edited(28, 0x4f), 0), undefined, 'a quote whose options reach beyond its end')
  const flipped = message.slice()
  flipped[50]! ^= 1
  t.equal(readIcmpError(flipped, 0), undefined, 'a wrong checksum')
})

t.test('any ICMP packet is an error or none', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (payload, plausible) => {
      const b = new Uint8Array(20 + payload.length)
      b.set(CAPTURED_UDP.subarray(0, 20))
      b[9] = 1
      writeU16(b, 2, b.length)
      b.set(payload, 20)
      if (plausible && payload.length > 8) {
        b[20] = 3
        b[28] = 0x45
        writeU16(b, 22, 0)
        writeU16(b, 22, internetChecksum(b, 20, b.length))
      }
      readIcmpError(b, 0)
    }),
  )
})

t.test('packets that may be responded to with an error', async (t) => {
  const icmp = (type: number): Uint8Array => {
    const b = errorAbout(CAPTURED_UDP).slice()
    b[20] = type
    return b
  }
  const between = (from: number, to: number): Uint8Array =>
    packetOf({ sourceAddress: from, destinationAddress: to, sourcePort: 1, destinationPort: 2, protocol: 17 }, hex(''))
  t.ok(mayAnswerWithIcmpError(CAPTURED_SYN, 0))
  t.ok(mayAnswerWithIcmpError(icmp(IcmpType.ECHO), 0))
  t.notOk(mayAnswerWithIcmpError(icmp(IcmpType.DESTINATION_UNREACHABLE), 0))
  t.notOk(mayAnswerWithIcmpError(icmp(IcmpType.TIME_EXCEEDED), 0))
  t.ok(mayAnswerWithIcmpError(between(0x7f000001, 0xdfffffff), 0))
  t.notOk(mayAnswerWithIcmpError(between(0x7f000001, 0xe0000001), 0), 'to a multicast address')
  t.notOk(mayAnswerWithIcmpError(between(0x7f000001, 0xffffffff), 0), 'to the broadcast address')
  t.notOk(mayAnswerWithIcmpError(between(0, 0x7f000001), 0), 'from nobody')
  t.notOk(mayAnswerWithIcmpError(between(0xe0000001, 0x7f000001), 0), 'from a group')
  // The type of an ICMP packet without a body is not what happens to stand behind it.
  const bodiless = icmp(IcmpType.ECHO)
  writeU16(bodiless, 2, 20)
  t.notOk(mayAnswerWithIcmpError(bodiless, 0))
})

t.test('the quote of an ICMP error is found, whatever its type, and in no other ICMP message', async (t) => {
  const error = errorAbout(CAPTURED_UDP)
  const types = Array.from({ length: 256 }, (_, type) => type)
  const isError = (type: number): boolean => {
    error[20] = type
    return icmpQuoteOffset(error, 0) === 28
  }
  t.same(types.filter(isError), [3, 4, 5, 11, 12])
  t.equal(icmpQuoteOffset(CAPTURED_UDP, 0), -1)
})

t.test('a quote that names no flow is none', async (t) => {
  const whole = errorAbout(CAPTURED_SYN)
  const changed = (change: (b: Uint8Array) => void): number => {
    const b = whole.slice()
    change(b)
    return icmpQuoteOffset(b, 0)
  }
  t.equal(icmpQuoteOffset(whole, 0), 28)
  for (let length = 20; length < 28 + 24; length++)
    t.equal(
      changed((b) => writeU16(b, 2, length)),
      -1,
      `a packet of ${length} bytes`,
    )
  t.equal(
    changed((b) => writeU16(b, 2, 28 + 24)),
    28,
    'ports are enough',
  )
  t.equal(
    changed((b) => b.set([0x65], 28)),
    -1,
    'IPv6',
  )
  t.equal(
    changed((b) => b.set([0x44], 28)),
    -1,
    'a header of 16 bytes',
  )
  t.equal(
    changed((b) => b.set([0x4f], 28)),
    -1,
    'a header that is longer than the quote',
  )
  t.equal(
    changed((b) => b.set([0x20, 0x01], 28 + 6)),
    -1,
    'a fragment behind the first',
  )
  t.equal(
    changed((b) => b.set([0x20, 0x00], 28 + 6)),
    28,
    'the first fragment',
  )
})

t.test('property: any bytes in place of the ICMP message are handled', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 80 }), fc.boolean(), (bytes, isError) => {
      const b = bytes.slice()
      b.set([0x45, 0, 0, b.length], 0)
      b[9] = 1
      if (isError && b.length > 20) b[20] = IcmpType.DESTINATION_UNREACHABLE
      const quote = icmpQuoteOffset(b, 0)
      assert.ok(quote === -1 || (quote === 28 && b.length >= 48))
      readIcmpError(b, 0)
    }),
  )
})
