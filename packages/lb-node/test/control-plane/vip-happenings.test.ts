import t from 'tap'
import { VipHappenings } from '../../dist/control-plane/vip-happenings.js'

const A = '127.20.10.1'
const B = '127.20.10.2'
const placed = (address: string, ...inhibitedBy: ('no-downlink' | 'standby')[]) => ({
  address,
  inhibitedBy,
  drainedBy: [],
})

t.test('each change of a placement is one happening', async (t) => {
  const happenings = new VipHappenings()
  t.same(happenings.changes([placed(A, 'no-downlink'), placed(B)]), [
    { kind: 'vip.inhibited', address: A, inhibitors: ['no-downlink'] },
    { kind: 'vip.announced', address: B },
  ])
  t.same(happenings.changes([placed(A, 'no-downlink'), placed(B)]), [])
  t.same(happenings.changes([placed(A), placed(B, 'standby')]), [
    { kind: 'vip.announced', address: A },
    { kind: 'vip.inhibited', address: B, inhibitors: ['standby'] },
  ])
  t.same(happenings.changes([placed(A)]), [{ kind: 'vip.withdrawn', address: B }])
  t.same(happenings.changes([placed(A), placed(B)]), [{ kind: 'vip.announced', address: B }], 'also if it is back')
})
