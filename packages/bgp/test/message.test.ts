import { strict as assert } from 'node:assert'
import {
  decodeNotification,
  decodeOpen,
  decodeRouteRefresh,
  decodeUpdate,
  encodeKeepalive,
  encodeNotification,
  encodeRouteRefresh,
  HEADER_BYTES,
  IPV4_UNICAST,
  MESSAGE_MAX_BYTES,
  MessageFramer,
  MessageType,
} from '@fivetuple/bgp'
import { checkStreamDecoder } from '@fivetuple/testkit'
import fc from 'fast-check'
import t from 'tap'
import { header, hex } from './hex.js'

const NOTIFICATION = encodeNotification({ code: 6, subcode: 2, data: hex('0102') })

t.test('messages however the stream is cut', (t) => {
  checkStreamDecoder<{ type: number; body: number[] }>({
    open: (emit) => {
      const framer = new MessageFramer()
      return (chunk) => {
        const result = framer.push(chunk, ({ type, body }) => {
          emit({ type, body: [...body] })
          return true
        })
        assert.ok(result.ok)
      }
    },
    wire: new Uint8Array(
      Buffer.concat([encodeKeepalive(), NOTIFICATION, encodeRouteRefresh(IPV4_UNICAST), encodeKeepalive()]),
    ),
    expected: [
      { type: 4, body: [] },
      { type: 3, body: [6, 2, 1, 2] },
      { type: 5, body: [0, 1, 0, 1] },
      { type: 4, body: [] },
    ],
    incomplete: NOTIFICATION.subarray(0, 22),
  })
  t.end()
})

t.test('a Buffer may be reused after the push', (t) => {
  const framer = new MessageFramer()
  const chunk = Buffer.from(NOTIFICATION.subarray(0, 22))
  framer.push(chunk, () => true)
  chunk.fill(0)
  const bodies: Uint8Array[] = []
  framer.push(NOTIFICATION.subarray(22), ({ body }) => bodies.push(body) > 0)
  t.same(bodies, [hex('06 02 0102')])
  t.end()
})

t.test('headers refused, with the data of RFC 4271 §6.1', (t) => {
  const refused: [string, string, number, string][] = [
    ['a marker with a zero bit', `fe${header(19, 4).slice(2)}`, 1, ''],
    ['shorter than a header', header(18, 4), 2, '0012'],
    ['longer than a message', header(4097, 2), 2, '1001'],
    ['KEEPALIVE with a body', header(20, 4), 2, '0014'],
    ['OPEN too short', header(28, 1), 2, '001c'],
    ['UPDATE too short', header(22, 2), 2, '0016'],
    ['NOTIFICATION too short', header(20, 3), 2, '0014'],
    ['ROUTE-REFRESH too short', header(22, 5), 2, '0016'],
    ['type 0', header(19, 0), 3, '00'],
    ['type 6', header(19, 6), 3, '06'],
  ]
  for (const [name, wire, subcode, data] of refused) {
    const result = new MessageFramer().push(hex(wire), () => true)
    t.match(result, { ok: false, error: { code: 1, subcode, data: hex(data) } }, name)
  }
  t.end()
})

t.test('onFrame that returns false ends the push', (t) => {
  const frames: number[] = []
  new MessageFramer().push(Buffer.concat([NOTIFICATION, encodeKeepalive()]), ({ type }) => {
    frames.push(type)
    return false
  })
  t.same(frames, [MessageType.NOTIFICATION])
  t.end()
})

t.test('bodies of small messages', (t) => {
  t.same(NOTIFICATION, hex(`${header(23, 3)} 06 02 0102`))
  t.same(decodeNotification(NOTIFICATION.subarray(HEADER_BYTES)), { code: 6, subcode: 2, data: hex('0102') })
  t.same(encodeRouteRefresh(IPV4_UNICAST), hex(`${header(23, 5)} 0001 00 01`))
  t.equal(decodeRouteRefresh(hex('0002 ff 01')), 0x201, 'the reserved octet means nothing')
  t.equal(encodeNotification({ code: 1, subcode: 1, data: new Uint8Array(5000) }).length, MESSAGE_MAX_BYTES)
  t.end()
})

t.test('arbitrary bytes never throw', (t) => {
  const bytes = fc.uint8Array({ maxLength: 200 })
  const plausible = fc
    .tuple(fc.integer({ min: 1, max: 5 }), bytes)
    .map(([type, body]) => hex(header(HEADER_BYTES + body.length, type) + Buffer.from(body).toString('hex')))
  fc.assert(
    fc.property(fc.array(fc.oneof(bytes, plausible), { maxLength: 5 }), fc.boolean(), (chunks, fourOctetAs) => {
      const framer = new MessageFramer()
      for (const chunk of chunks) {
        const result = framer.push(chunk, ({ type, body }) => {
          if (type === MessageType.OPEN) decodeOpen(body)
          if (type === MessageType.UPDATE) decodeUpdate(body, fourOctetAs)
          if (type === MessageType.NOTIFICATION) decodeNotification(body)
          return true
        })
        if (!result.ok) break
        assert.ok(framer.pendingBytes < MESSAGE_MAX_BYTES)
      }
      decodeOpen(chunks[0] ?? new Uint8Array(0))
      decodeUpdate(chunks[0] ?? new Uint8Array(0), fourOctetAs)
    }),
    { numRuns: 2_000 },
  )
  t.end()
})

t.test('an UPDATE with any changed byte does not throw', (t) => {
  const good = hex('0000 001b 40010100 40020602010000fde9 400304c0000201 c00804fc000007 18c61201')
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
      const bad = good.slice(0, length)
      if (at < length) bad[at] = byte
      decodeUpdate(bad, true)
    }),
    { numRuns: 2_000 },
  )
  t.end()
})
