import assert from 'node:assert/strict'
import { formatEndpoint, formatIpv4, parseEndpoint, parseIpv4 } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { address, port } from './samples.js'

t.test('every address survives formatting and parsing', async () => {
  fc.assert(fc.property(address, (a) => assert.equal(parseIpv4(formatIpv4(a)), a)))
})
t.test('every endpoint survives formatting and parsing', async () => {
  fc.assert(
    fc.property(address, port, (a, p) =>
      assert.deepEqual(parseEndpoint(formatEndpoint(a, p)), { address: a, port: p }),
    ),
  )
})
t.test('any text is an address that formats as itself, or none', async () => {
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom('0', '1', '25', '255', '256', '.', '.'), { maxLength: 8 }).map((p) => p.join('')),
  )
  fc.assert(
    fc.property(text, (s) => {
      const a = parseIpv4(s)
      if (a !== undefined) assert.equal(formatIpv4(a), s)
    }),
  )
})
t.test('only strict dotted quads are addresses', async (t) => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.-4',
    ' 1.2.3.4',
    '0x7f.0.0.1',
    '1..2.3',
  ])
    t.equal(parseIpv4(text), undefined, JSON.stringify(text))
})
t.test('endpoints', async (t) => {
  t.same(parseEndpoint('127.20.10.1:8080'), { address: 0x7f140a01, port: 8080 })
  t.equal(formatEndpoint(0x7f140a01, 8080), '127.20.10.1:8080')
  for (const text of ['127.0.0.1', '127.0.0.1:', '127.0.0.1:65536', '127.0.0.1:080', ':80'])
    t.equal(parseEndpoint(text), undefined, JSON.stringify(text))
})
