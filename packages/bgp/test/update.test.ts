import { strict as assert } from 'node:assert'
import {
  AS_TRANS,
  type Decoded,
  decodeUpdate,
  encodeAnnouncements,
  encodeEndOfRib,
  encodeWithdrawals,
  HEADER_BYTES,
  MESSAGE_MAX_BYTES,
  type PathAttributes,
  SegmentType,
  type Update,
} from '@fivetuple/bgp'
import { type Prefix, prefixOf } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { anyAnnouncement, anyPrefix } from './generators.js'
import { hex } from './hex.js'
import { readable } from './readable.js'
import { UPDATE_VECTORS } from './vectors.js'

const bodyOf = (message: Uint8Array) => message.subarray(HEADER_BYTES)
const value = (update: Decoded<Update>): Update => {
  assert.ok(update.ok)
  return update.value
}

/** An UPDATE body of these attributes and these prefixes. */
const body = (attributes: string, prefixes = '18 c61201'): Uint8Array => {
  const bytes = hex(attributes)
  return hex(`0000 ${bytes.length.toString(16).padStart(4, '0')} ${attributes} ${prefixes}`)
}
const ORIGIN = '40 01 01 00 '
const AS_PATH = '40 02 06 02 01 0000fde9 '
const NEXT_HOP = '40 03 04 c0000201 '
const GOOD = ORIGIN + AS_PATH + NEXT_HOP

t.test('vectors', (t) => {
  t.not(UPDATE_VECTORS.length, 0)
  for (const { name, body, fourOctetAs, expected } of UPDATE_VECTORS)
    t.same(readable(value(decodeUpdate(body, fourOctetAs))), expected, name)
  t.end()
})

t.test('RFC 7606: faults that cost only the routes', (t) => {
  const cases: [string, string][] = [
    ['no ORIGIN', AS_PATH + NEXT_HOP],
    ['no AS_PATH', ORIGIN + NEXT_HOP],
    ['no NEXT_HOP', ORIGIN + AS_PATH],
    ['ORIGIN of two bytes', `40 01 02 0000 ${AS_PATH}${NEXT_HOP}`],
    ['ORIGIN 3', `40 01 01 03 ${AS_PATH}${NEXT_HOP}`],
    ['ORIGIN marked optional', `c0 01 01 00 ${AS_PATH}${NEXT_HOP}`],
    ['AS_PATH segment of no ASes', `${ORIGIN}40 02 02 02 00 ${NEXT_HOP}`],
    ['AS_PATH segment of type 3', `${ORIGIN}40 02 06 03 01 0000fde9 ${NEXT_HOP}`],
    ['AS_PATH segment longer than the path', `${ORIGIN}40 02 06 02 02 0000fde9 ${NEXT_HOP}`],
    ['AS_PATH with one byte behind', `${ORIGIN}40 02 07 02 01 0000fde9 02 ${NEXT_HOP}`],
    ['AS 0 in AS_PATH (RFC 7607)', `${ORIGIN}40 02 06 02 01 00000000 ${NEXT_HOP}`],
    ['NEXT_HOP of five bytes', `${ORIGIN}${AS_PATH}40 03 05 c000020100`],
    ['NEXT_HOP 0.0.0.0', `${ORIGIN}${AS_PATH}40 03 04 00000000`],
    ['NEXT_HOP multicast', `${ORIGIN}${AS_PATH}40 03 04 e0000001`],
    ['MED of two bytes', `${GOOD}80 04 02 0001`],
    ['COMMUNITIES of no bytes', `${GOOD}c0 08 00`],
    ['COMMUNITIES of five bytes', `${GOOD}c0 08 05 0000000000`],
    ['an attribute longer than the list', `${GOOD}80 04 05 00000001`],
    ['an attribute cut in its header', `${GOOD}80`],
    ['an extended length cut in half', `${GOOD}90 04 00`],
  ]
  for (const [name, attributes] of cases) {
    const update = value(decodeUpdate(body(attributes), true))
    t.match(update, { announced: [], withdrawn: [prefixOf(0xc612_0100, 24)], fault: String }, name)
    t.match(
      decodeUpdate(body(attributes, ''), true),
      name.startsWith('no ') ? { ok: true } : { ok: false, error: { code: 3, subcode: 1 } },
      `${name}: ends the session when there are no routes that could pay for it (§5.2)`,
    )
  }
  t.end()
})

t.test('RFC 7606: faults that cost only the attribute', (t) => {
  const cases: [string, string][] = [
    ['LOCAL_PREF of two bytes, from an external peer', `${GOOD}40 05 02 0001`],
    ['ATOMIC_AGGREGATE with a value', `${GOOD}40 06 01 00`],
    ['AGGREGATOR of two-octet size', `${GOOD}c0 07 06 fde9 c0000201`],
    ['AS4_AGGREGATOR of one byte', `${GOOD}c0 12 01 00`],
    ['the second of two', `${GOOD}40 01 01 02`],
    ['unknown and optional', `${GOOD}c0 63 02 0102`],
    ['unknown, optional and partial', `${GOOD}e0 63 00`],
    ['unused flag bits', `4f 01 01 00 ${AS_PATH}${NEXT_HOP}`],
    ['MP_REACH_NLRI of IPv6', `${GOOD}80 0e 05 0002 01 00 00`],
    ['AS4_PATH from a peer that has no use for it', `${GOOD}c0 11 06 02 01 0000fde8`],
  ]
  for (const [name, attributes] of cases) {
    const { announced, fault } = value(decodeUpdate(body(attributes), true))
    t.equal(fault, undefined, name)
    t.match(announced, [{ attributes: { origin: 0, asPath: [{ type: 2, asns: [65_001] }] } }], name)
  }
  t.end()
})

t.test('faults that end the session', (t) => {
  const cases: [string, Uint8Array, number, string][] = [
    ['withdrawn routes longer than the message', hex('0003 0000'), 1, ''],
    ['attributes longer than the message', hex('0000 0001'), 1, ''],
    ['an announced prefix of 33 bits', body(GOOD, '21 c612010000'), 10, ''],
    ['an announced prefix that is cut', body(GOOD, '18 c612'), 10, ''],
    ['a withdrawn prefix of 33 bits', hex('0006 21 c612010000 0000'), 10, ''],
    ['an attribute that all must know and we do not', body(`${GOOD}40 63 01 07`), 2, '40630107'],
    ['MP_REACH_NLRI twice', body(`${GOOD}${'80 0e 05 0002 01 00 00 '.repeat(2)}`), 1, ''],
    ['MP_REACH_NLRI without a next hop', body(`${GOOD}80 0e 05 0001 01 00 00`), 9, ''],
    ['MP_REACH_NLRI with a prefix that is cut', body(`${GOOD}80 0e 0b 0001 01 04 c0000201 00 18 c6`), 9, ''],
    ['MP_UNREACH_NLRI that is cut', body(`${GOOD}80 0f 02 0001`), 9, ''],
  ]
  for (const [name, bytes, subcode, data] of cases)
    t.match(decodeUpdate(bytes, true), { ok: false, error: { code: 3, subcode, data: hex(data) } }, name)
  t.end()
})

t.test('a two-octet path with AS4_PATH (RFC 6793 §4.2.3)', (t) => {
  const path = (attributes: string) =>
    value(decodeUpdate(body(`${ORIGIN}${NEXT_HOP}${attributes}`), false)).announced[0]?.attributes.asPath
  const sequence = (...asns: number[]) => ({ type: SegmentType.AS_SEQUENCE, asns })
  const AS4 = 'c0 11 06 02 01 fa56ea02 '
  t.same(path(`40 02 06 02 02 fde9 5ba0 ${AS4}`), [sequence(65_001), sequence(4_200_000_002)], 'the tail is replaced')
  t.same(path(`40 02 02 0200 ${AS4}`), undefined, 'a malformed AS_PATH costs the route')
  t.same(path(`40 02 00 ${AS4}`), [], 'a longer AS4_PATH is not believed')
  t.same(path(`40 02 04 02 01 5ba0 c0 11 01 02`), [sequence(AS_TRANS)], 'a malformed AS4_PATH is passed over')
  t.same(
    path(`40 02 04 02 01 5ba0 c0 07 06 fde9 c0000201 ${AS4}`),
    [sequence(AS_TRANS)],
    'an aggregator that does not know AS4_PATH has outdated it',
  )
  t.end()
})

t.test('many prefixes are packed into few messages', (t) => {
  const attributes: PathAttributes = {
    origin: 0,
    asPath: [{ type: SegmentType.AS_SEQUENCE, asns: [65_001] }],
    nextHop: 0x7f14_0101,
    med: 10,
    localPref: undefined,
    communities: [],
  }
  const prefixes = Array.from({ length: 10_000 }, (_, i) => prefixOf(0xc612_0000 + i, 32))
  const messages = encodeAnnouncements({ prefixes, attributes }, true)
  t.equal(messages.length, Math.ceil(10_000 / Math.floor((4096 - 23 - 27) / 5)))
  t.same(
    messages.flatMap((message) =>
      value(decodeUpdate(bodyOf(message), true)).announced.flatMap((announced) => announced.prefixes),
    ),
    prefixes,
  )
  t.equal(encodeWithdrawals(prefixes).length, Math.ceil(10_000 / Math.floor((4096 - 23) / 5)))
  t.same(encodeAnnouncements({ prefixes: [], attributes }, true), [])
  t.same(bodyOf(encodeEndOfRib()), hex('0000 0000'))
  t.end()
})

t.test('round trip', (t) => {
  fc.assert(
    fc.property(anyAnnouncement, fc.array(anyPrefix, { maxLength: 2_000 }), (announcement, withdrawn) => {
      const updates = [...encodeWithdrawals(withdrawn), ...encodeAnnouncements(announcement, true)].map((message) => {
        assert.ok(message.length <= MESSAGE_MAX_BYTES)
        return value(decodeUpdate(bodyOf(message), true))
      })
      assert.deepEqual(
        updates.flatMap((update) => update.withdrawn),
        withdrawn,
      )
      const announced = updates.flatMap((update) => update.announced)
      for (const { attributes } of announced) assert.deepEqual(attributes, announcement.attributes)
      const prefixes: Prefix[] = announced.flatMap((one) => one.prefixes)
      assert.deepEqual(prefixes, announcement.prefixes)
    }),
    { numRuns: 50 },
  )
  t.end()
})

t.test('over a peer with two-octet AS numbers, sequences survive', (t) => {
  const asns = fc.array(fc.integer({ min: 1, max: 0xffff_ffff }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(anyAnnouncement, asns, ({ prefixes, attributes }, asns) => {
      const asPath = [{ type: SegmentType.AS_SEQUENCE, asns }]
      const messages = encodeAnnouncements({ prefixes, attributes: { ...attributes, asPath } }, false)
      const { announced } = value(decodeUpdate(bodyOf(messages[0]!), false))
      assert.deepEqual(announced[0]?.attributes.asPath, asPath)
    }),
    { numRuns: 50 },
  )
  t.end()
})
