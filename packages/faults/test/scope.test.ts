import { LinkFaults } from '@fivetuple/faults'
import t from 'tap'

t.test('a fault reaches the traffic of its scope only', async (t) => {
  const link = new LinkFaults<string>()
  link.add('1', { kind: 'black-hole' }, 1, 0, 'data')
  t.strictSame([link.isIdle('data'), link.isIdle('control')], [false, true])
  t.equal(link.impair('dropped', 40, 0, 'data'), 0)
  t.equal(link.impair('BFD', 40, 0, 'control'), 1)
  t.equal(link.next(0)?.item, 'BFD')
  link.clear('1')
  t.ok(link.isIdle('data'))
  t.strictSame(link.faults, [])
})

t.test('traffic that no fault delays does not wait behind the other', async (t) => {
  const link = new LinkFaults<string>()
  link.add('1', { kind: 'delay', ms: 500 }, 1, 0, 'data')
  link.impair('data', 40, 0, 'data')
  link.impair('BFD', 40, 1, 'control')
  t.strictSame([link.deadline(), link.next(1)?.item, link.deadline()], [1, 'BFD', 500])
  link.clear('1')
  t.notOk(link.isIdle('data'), 'a packet is under way')
  t.ok(link.isIdle('control'))
  t.equal(link.next(500)?.item, 'data')
  t.ok(link.isIdle('data'))
})

t.test('with scope all, data and control share the rate and its buffer', async (t) => {
  const link = new LinkFaults<string>()
  link.add('1', { kind: 'rate', bitsPerSecond: 8_000, bufferPackets: 2 }, 1, 0)
  link.impair('data', 100, 0, 'data')
  link.impair('BFD', 100, 0, 'control')
  t.equal(link.impair('dropped', 100, 0, 'control'), 0)
  t.match(link.next(1_000), { at: 100, item: 'data' })
  t.match(link.next(1_000), { at: 200, item: 'BFD' })
})
