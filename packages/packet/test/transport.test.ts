import assert from 'node:assert/strict'
import {
  fillL4Checksum,
  isTcpHeaderWhole,
  isUdpHeaderWhole,
  l4ChecksumOffset,
  l4Sum,
  readSynOptions,
  readU16,
  TcpFlag,
  tcpAcknowledgment,
  tcpChecksum,
  tcpDataOffset,
  tcpDestinationPort,
  tcpFlags,
  tcpSequence,
  tcpSourcePort,
  tcpWindow,
  udpChecksum,
  udpDestinationPort,
  udpLength,
  udpSourcePort,
  writeTcpHeader,
  writeU16,
  writeUdpHeader,
} from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { CAPTURED_SYN, CAPTURED_UDP, hex, packet, packetOf, port } from './samples.js'

t.test('a captured SYN', async (t) => {
  t.ok(isTcpHeaderWhole(CAPTURED_SYN, 20, 60))
  t.equal(tcpSourcePort(CAPTURED_SYN, 20), 44_850)
  t.equal(tcpDestinationPort(CAPTURED_SYN, 20), 80)
  t.equal(tcpSequence(CAPTURED_SYN, 20), 0x63f228e8)
  t.equal(tcpAcknowledgment(CAPTURED_SYN, 20), 0)
  t.equal(tcpDataOffset(CAPTURED_SYN, 20), 40)
  t.equal(tcpFlags(CAPTURED_SYN, 20), TcpFlag.SYN)
  t.equal(tcpWindow(CAPTURED_SYN, 20), 64_240)
  t.equal(tcpChecksum(CAPTURED_SYN, 20), 0xab72)
  t.same(readSynOptions(CAPTURED_SYN, 20), { maximumSegmentSize: 1460, windowShift: 10 })
})

t.test('a captured datagram', async (t) => {
  t.ok(isUdpHeaderWhole(CAPTURED_UDP, 20, 38))
  t.equal(udpSourcePort(CAPTURED_UDP, 20), 55_081)
  t.equal(udpDestinationPort(CAPTURED_UDP, 20), 53)
  t.equal(udpLength(CAPTURED_UDP, 20), 18)
  t.equal(udpChecksum(CAPTURED_UDP, 20), 0xb02a)
})

t.test('the checksums that a kernel computed', async (t) => {
  for (const captured of [CAPTURED_SYN, CAPTURED_UDP]) {
    t.equal(l4Sum(captured, 0), 0xffff)
    const b = captured.slice()
    const at = 20 + l4ChecksumOffset(b[9]!)
    writeU16(b, at, 0xdead)
    fillL4Checksum(b, 0)
    t.same(b, captured)
  }
})

t.test('a checksum of zero is written as 0xffff', async (t) => {
  const b = packetOf(
    { sourceAddress: 0, destinationAddress: 0, sourcePort: 0, destinationPort: 0, protocol: 17 },
    hex('00 00'),
  )
  writeU16(b, 28, udpChecksum(b, 20)) // now pseudo-header and data add up to 0xffff
  fillL4Checksum(b, 0)
  t.equal(udpChecksum(b, 20), 0xffff)
  t.equal(l4Sum(b, 0), 0xffff)
})

t.test('protocols without a pseudo-header are left alone', async (t) => {
  const b = CAPTURED_UDP.slice()
  b[9] = 47
  const before = b.slice()
  fillL4Checksum(b, 0)
  t.same(b, before)
  t.equal(l4ChecksumOffset(1), -1)
})

t.test('each flipped bit behind the addresses is noticed', async () => {
  fc.assert(
    fc.property(packet, fc.nat(), (b, where) => {
      const bit = where % ((b.length - 20) * 8)
      b[20 + (bit >> 3)]! ^= 0x80 >> (bit & 7)
      assert.notEqual(l4Sum(b, 0), 0xffff)
    }),
  )
})

t.test('a TCP header reads back', async () => {
  const u32 = fc.nat(0xffffffff)
  fc.assert(
    fc.property(
      port,
      port,
      u32,
      u32,
      fc.integer({ min: 5, max: 15 }),
      fc.nat(0x3f),
      fc.nat(0xffff),
      (from, to, seq, ack, words, flags, window) => {
        const b = new Uint8Array(63).fill(0xff)
        writeTcpHeader(b, 3, from, to, seq, ack, words * 4, flags, window)
        assert.deepEqual(
          [
            tcpSourcePort(b, 3),
            tcpDestinationPort(b, 3),
            tcpSequence(b, 3),
            tcpAcknowledgment(b, 3),
            tcpDataOffset(b, 3),
          ],
          [from, to, seq, ack, words * 4],
        )
        assert.deepEqual([tcpFlags(b, 3), tcpWindow(b, 3), tcpChecksum(b, 3), readU16(b, 21)], [flags, window, 0, 0])
        assert.equal(isTcpHeaderWhole(b, 3, 3 + words * 4), true)
        assert.equal(isTcpHeaderWhole(b, 3, 2 + words * 4), false)
      },
    ),
  )
})

t.test('a data offset below five words is no header', async (t) => {
  const b = CAPTURED_SYN.slice()
  b[32] = 0x40
  t.notOk(isTcpHeaderWhole(b, 20, 60))
  t.notOk(isTcpHeaderWhole(b, 20, 39))
})

t.test('a UDP header reads back, and its length is checked', async () => {
  fc.assert(
    fc.property(port, port, fc.nat(0xffff - 28), (from, to, payload) => {
      const b = new Uint8Array(8).fill(0xff)
      writeUdpHeader(b, 0, from, to, payload)
      assert.deepEqual(
        [udpSourcePort(b, 0), udpDestinationPort(b, 0), udpLength(b, 0), udpChecksum(b, 0)],
        [from, to, 8 + payload, 0],
      )
      assert.equal(isUdpHeaderWhole(b, 0, 8 + payload), true)
      assert.equal(isUdpHeaderWhole(b, 0, 7 + payload), false)
    }),
  )
  assert.equal(isUdpHeaderWhole(hex('00 01 00 02 00 07 00 00'), 0, 8), false)
})
