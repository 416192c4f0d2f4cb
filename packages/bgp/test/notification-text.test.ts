import { formatNotification, formatSessionEnd, notificationDetail } from '@fivetuple/bgp'
import fc from 'fast-check'
import t from 'tap'

const text = (value: string | Uint8Array) => {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
  return Uint8Array.of(bytes.length, ...bytes)
}
const detail = (subcode: number, data: Uint8Array, code = 6) => notificationDetail({ code, subcode, data })

t.test('codes in words', async (t) => {
  t.equal(formatNotification(6, 2), 'Cease, administrative shutdown (6/2)')
  t.equal(formatNotification(3, 8), 'UPDATE message error, invalid NEXT_HOP attribute (3/8)')
  t.equal(formatNotification(4, 0), 'hold timer expired (4/0)')
  t.equal(formatNotification(6, 99), 'Cease (6/99)')
  t.equal(formatNotification(99, 1), 'unknown error (99/1)')
  const end = { kind: 'received', detector: 'peer', text: formatNotification(6, 4), code: 6, subcode: 4 } as const
  t.equal(formatSessionEnd(end), 'received Cease, administrative reset (6/4)')
})

t.test('shutdown communication (RFC 9003)', async (t) => {
  t.equal(detail(2, text('maintenance, back at 09:00')), '"maintenance, back at 09:00"')
  t.equal(detail(4, text('Ciao, grüße 你好')), '"Ciao, grüße 你好"', 'with a reset, too')
  t.equal(detail(2, text('é'.repeat(127))), `"${'é'.repeat(127)}"`, 'up to 255 bytes')
  t.equal(detail(2, text('a\u001b[31mred\nline\u202eend')), '"a [31mred line end"', 'nothing that moves a cursor')
  t.equal(detail(2, new Uint8Array(0)), undefined)
  t.equal(detail(2, Uint8Array.of(0)), undefined)
  t.equal(detail(2, Uint8Array.of(5, 0x61)), 'its text is longer than the message')
  t.equal(detail(2, text(Uint8Array.of(0xff, 0xfe))), 'its text is not UTF-8')
  t.equal(detail(3, text('not here')), undefined, 'other subcodes have none')
  t.equal(detail(2, text('not here'), 3), undefined)
})

t.test('a prefix limit (RFC 4486 §4)', async (t) => {
  t.equal(detail(1, Uint8Array.of(0, 1, 1, 0, 0, 0, 100)), 'the limit is 100')
  t.equal(detail(1, Uint8Array.of(0, 1)), undefined)
})

t.test('any bytes yield a line of text or undefined', async () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(255), fc.uint8Array({ maxLength: 300 }), (code, subcode, data) => {
      const line = `${formatNotification(code, subcode)} ${notificationDetail({ code, subcode, data }) ?? ''}`
      return !/[\p{Cc}\p{Cf}]/u.test(line)
    }),
  )
})
