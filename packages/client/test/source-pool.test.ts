import { SourcePool } from '@fivetuple/client'
import t from 'tap'

t.test('uses the host addresses in turn', (t) => {
  const pool = SourcePool.parse('127.20.100.0/30')
  t.equal(pool?.size, 2)
  t.same(
    [0, 1, 2].map((i) => pool?.at(i)),
    ['127.20.100.1', '127.20.100.2', '127.20.100.1'],
  )
  t.equal(SourcePool.parse('127.20.100.0/22')?.size, 1022)
  t.end()
})

t.test('of small prefixes all addresses are used', (t) => {
  t.same([SourcePool.parse('127.0.0.5')?.size, SourcePool.parse('127.0.0.5')?.at(3)], [1, '127.0.0.5'])
  t.same(
    [0, 1].map((i) => SourcePool.parse('127.0.0.4/31')?.at(i)),
    ['127.0.0.4', '127.0.0.5'],
  )
  t.end()
})

t.test('refuses text that is not a prefix', (t) => {
  for (const text of ['', 'x', '127.0.0.1/22', '127.0.0.0/33']) t.equal(SourcePool.parse(text), undefined)
  t.end()
})
