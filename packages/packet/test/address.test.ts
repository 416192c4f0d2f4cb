import { formatEndpoint, formatIpv4, parseEndpoint, parseIpv4 } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'

t.test('every address survives formatting and parsing', async (t) => {
  fc.assert(
    fc.property(fc.nat(0xffffffff), (address) => {
      t.equal(parseIpv4(formatIpv4(address)), address, '', {})
    }),
    { numRuns: 200 },
  )
})
t.test('only strict dotted quads are addresses', async (t) => {
  for (const text of ['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.-4', ' 1.2.3.4', '0x7f.0.0.1', '1..2.3'])
    t.equal(parseIpv4(text), undefined, JSON.stringify(text))
})
t.test('endpoints', async (t) => {
  t.same(parseEndpoint('127.20.10.1:8080'), { address: 0x7f140a01, port: 8080 })
  t.equal(formatEndpoint(0x7f140a01, 8080), '127.20.10.1:8080')
  for (const text of ['127.0.0.1', '127.0.0.1:', '127.0.0.1:65536', '127.0.0.1:080', ':80'])
    t.equal(parseEndpoint(text), undefined, JSON.stringify(text))
})
