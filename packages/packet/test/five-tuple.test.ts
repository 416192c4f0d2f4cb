import assert from 'node:assert/strict'
import { formatTuple, reverseTuple } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { tuple } from './samples.js'

const flow = { sourceAddress: 0x7f146407, destinationAddress: 0x7f140a01, sourcePort: 41_234, destinationPort: 8080 }

t.test('tuples as people read them', async (t) => {
  t.equal(formatTuple({ ...flow, protocol: 6 }), 'tcp 127.20.100.7:41234 > 127.20.10.1:8080')
  t.equal(formatTuple({ ...flow, protocol: 17 }), 'udp 127.20.100.7:41234 > 127.20.10.1:8080')
  t.equal(
    formatTuple({ ...flow, sourcePort: 0, destinationPort: 0, protocol: 1 }),
    'icmp 127.20.100.7:0 > 127.20.10.1:0',
  )
  t.equal(formatTuple({ ...flow, protocol: 47 }), '47 127.20.100.7:41234 > 127.20.10.1:8080')
})
t.test('the reverse of the reverse is the tuple', async (t) => {
  t.match(reverseTuple({ ...flow, protocol: 6 }), { sourceAddress: 0x7f140a01, destinationPort: 41_234, protocol: 6 })
  fc.assert(fc.property(tuple, (x) => assert.deepEqual(reverseTuple(reverseTuple(x)), x)))
})
