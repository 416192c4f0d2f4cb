import assert from 'node:assert/strict'
import {
  fillL4Checksum,
  ipv4HeaderLength,
  ipv4Protocol,
  l4ChecksumOffset,
  l4Sum,
  malformedIpv4,
  readU16,
  readU32,
  refreshIpv4Checksum,
  rewriteEndpoints,
  writeU16,
  writeU32,
} from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { address, CAPTURED_SYN, CAPTURED_UDP, packet, port } from './samples.js'

/** Full NAT as one would write it first. */
function rewriteNaively(b: Uint8Array, from: number, fromPort: number, to: number, toPort: number): void {
  const l4 = ipv4HeaderLength(b, 0)
  writeU32(b, 12, from)
  writeU32(b, 16, to)
  writeU16(b, l4, fromPort)
  writeU16(b, l4 + 2, toPort)
  refreshIpv4Checksum(b, 0)
  if (readU16(b, checksumAt(b)) !== 0) fillL4Checksum(b, 0)
}

function checksumAt(b: Uint8Array): number {
  return ipv4HeaderLength(b, 0) + l4ChecksumOffset(ipv4Protocol(b, 0))
}

t.test('translation is rewriting and recomputation', async () => {
  fc.assert(
    fc.property(packet, address, port, address, port, fc.boolean(), (b, from, fromPort, to, toPort, offloaded) => {
      if (offloaded) writeU16(b, checksumAt(b), 0)
      const expected = b.slice()
      rewriteNaively(expected, from, fromPort, to, toPort)
      rewriteEndpoints(b, 0, from, to, fromPort, toPort)
      assert.deepEqual(b, expected)
    }),
    { numRuns: 500 },
  )
})

t.test('there and back again is the same packet', async () => {
  fc.assert(
    fc.property(packet, address, port, address, port, (b, from, fromPort, to, toPort) => {
      const before = b.slice()
      const [a, c] = [readU32(b, 12), readU32(b, 16)]
      const [ap, cp] = [readU16(b, 20), readU16(b, 22)]
      rewriteEndpoints(b, 0, from, to, fromPort, toPort)
      rewriteEndpoints(b, 0, a, c, ap, cp)
      assert.deepEqual(b, before)
    }),
  )
})

t.test('a checksum that comes out as zero is written as 0xffff, for zero would mean that there is none', async (t) => {
  for (const captured of [CAPTURED_SYN, CAPTURED_UDP]) {
    const b = captured.slice()
    // The checksum shrinks by as much as the port grows.
    const sourcePort = (readU16(b, 20) + readU16(b, checksumAt(b))) % 0xffff
    rewriteEndpoints(b, 0, readU32(b, 12), readU32(b, 16), sourcePort, readU16(b, 22))
    t.equal(readU16(b, checksumAt(b)), 0xffff)
    t.equal(l4Sum(b, 0), 0xffff)
  }
})

t.test('a wrong checksum stays wrong', async () => {
  const error = fc.integer({ min: 1, max: 0xfffe })
  fc.assert(
    fc.property(
      packet,
      error,
      error,
      address,
      port,
      address,
      port,
      (b, ipError, l4Error, from, fromPort, to, toPort) => {
        writeU16(b, 10, (readU16(b, 10) + ipError) % 0xffff)
        // Modulo 0xffff and never zero: zero would mean that there is no checksum.
        writeU16(b, checksumAt(b), (readU16(b, checksumAt(b)) + l4Error) % 0xffff || 0xffff)
        rewriteEndpoints(b, 0, from, to, fromPort, toPort)
        assert.equal(malformedIpv4(b, 0, b.length), 'checksum')
        assert.notEqual(l4Sum(b, 0), 0xffff)
      },
    ),
  )
})

t.test('behind IP options, at any offset, and nothing else is touched', async (t) => {
  const withOptions = new Uint8Array(5 + 64 + 5).fill(0xee)
  withOptions.set(CAPTURED_SYN.subarray(0, 20), 5)
  withOptions.fill(1, 25, 29) // four NOPs
  withOptions.set(CAPTURED_SYN.subarray(20), 29)
  withOptions[5] = 0x46
  writeU16(withOptions, 7, 64)
  refreshIpv4Checksum(withOptions, 5)
  rewriteEndpoints(withOptions, 5, 0x7f140203, 0x7f140302, 20_017, 8080)
  t.equal(malformedIpv4(withOptions, 5, 69), undefined)
  t.equal(l4Sum(withOptions, 5), 0xffff)
  t.same([readU16(withOptions, 29), readU16(withOptions, 31)], [20_017, 8080])
  t.same([...withOptions.subarray(0, 5), ...withOptions.subarray(69)], new Array(10).fill(0xee))
  t.same(withOptions.subarray(33, 45), CAPTURED_SYN.subarray(24, 36))
})
