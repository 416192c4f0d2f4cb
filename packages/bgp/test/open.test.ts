import { strict as assert } from 'node:assert'
import { decodeOpen, encodeOpen, HEADER_BYTES, IPV4_UNICAST } from '@fivetuple/bgp'
import fc from 'fast-check'
import t from 'tap'
import { hex } from './hex.js'
import { OPEN_VECTORS } from './vectors.js'

t.test('vectors', (t) => {
  t.not(OPEN_VECTORS.length, 0)
  for (const { name, body, expected } of OPEN_VECTORS) t.same(decodeOpen(body), { ok: true, value: expected }, name)
  t.end()
})

t.test('the OPEN that is sent', (t) => {
  const open = {
    as: 4_200_000_001,
    holdTime: 90,
    routerId: 0x7f14_0001,
    fourOctetAs: true,
    routeRefresh: true,
    families: [IPV4_UNICAST],
  }
  t.same(
    encodeOpen(open),
    hex(`
      ffffffffffffffffffffffffffffffff 002d 01
      04 5ba0 005a 7f140001   // AS_TRANS (RFC 6793 §4.2.2)
      10 02 0e
        01 04 0001 00 01
        02 00
        41 04 fa56ea01`),
  )
  t.end()
})

t.test('refused, with the code and data of RFC 4271 §6.2', (t) => {
  const refused: [string, string, number, string][] = [
    ['version 3', '03 fde8 00b4 c0000201 00', 1, '0004'],
    ['AS 0 (RFC 7607)', '04 0000 00b4 c0000201 00', 2, ''],
    ['four-octet AS 0', '04 5ba0 00b4 c0000201 08 02 06 41 04 00000000', 2, ''],
    ['BGP identifier 0', '04 fde8 00b4 00000000 00', 3, ''],
    ['an optional parameter that is no list of capabilities', '04 fde8 00b4 c0000201 03 01 01 00', 4, ''],
    ['hold time 1', '04 fde8 0001 c0000201 00', 6, ''],
    ['hold time 2', '04 fde8 0002 c0000201 00', 6, ''],
    ['IPv6 unicast only (RFC 5492 §5)', '04 fde8 00b4 c0000201 08 02 06 01 04 0002 00 01', 7, '010400010001'],
    ['parameters longer than the message', '04 fde8 00b4 c0000201 02 02', 0, ''],
    ['a parameter longer than the list', '04 fde8 00b4 c0000201 03 02 02 00', 0, ''],
    ['a capability longer than its parameter', '04 fde8 00b4 c0000201 04 02 02 41 04', 0, ''],
    ['a four-octet AS of three octets', '04 fde8 00b4 c0000201 07 02 05 41 03 000001', 0, ''],
  ]
  for (const [name, body, subcode, data] of refused)
    t.match(decodeOpen(hex(body)), { ok: false, error: { code: 2, subcode, data: hex(data) } }, name)
  t.match(decodeOpen(hex('04 fde8 0000 c0000201 00')), { ok: true, value: { holdTime: 0 } }, 'hold time 0 is fine')
  t.end()
})

t.test('round trip', (t) => {
  const u32 = fc.integer({ min: 1, max: 0xffff_ffff })
  const open = fc.record(
    {
      as: u32,
      holdTime: fc.integer({ min: 0, max: 0xffff }).filter((s) => s !== 1 && s !== 2),
      routerId: u32,
      fourOctetAs: fc.constant(true),
      routeRefresh: fc.boolean(),
      families: fc.constantFrom([], [IPV4_UNICAST], [IPV4_UNICAST, 0x201]),
    },
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(open, (open) => {
      assert.deepEqual(decodeOpen(encodeOpen(open).subarray(HEADER_BYTES)), { ok: true, value: open })
    }),
  )
  t.end()
})
