import { UnprovenConnections } from '@fivetuple/runtime'
import t from 'tap'

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

function connections(max: number, timeoutMs = Number.POSITIVE_INFINITY) {
  const closed: string[] = []
  return { closed, all: new UnprovenConnections<string>({ max, timeoutMs, close: (name) => closed.push(name) }) }
}

t.test('the oldest make room for new ones', async (t) => {
  const { all, closed } = connections(2)
  for (const name of ['a', 'b', 'c', 'd']) all.add(name)
  t.same(closed, [], 'not before what they have sent has been read')
  await turns(3)
  t.same(closed, ['a', 'b'])
  t.equal(all.count, 2)
})

t.test('whoever proves itself in the meantime is not closed, and leaves its place', async (t) => {
  const { all, closed } = connections(2)
  for (const name of ['a', 'b', 'c']) all.add(name)
  t.ok(all.remove('a'))
  t.notOk(all.remove('a'))
  await turns(3)
  t.same(closed, [])
  all.add('d')
  await turns(3)
  t.same(closed, ['b'])
})

t.test('whoever has sent something of worth counts as the youngest', async (t) => {
  const { all, closed } = connections(2)
  for (const name of ['a', 'b', 'c']) all.add(name)
  all.renew('a')
  all.renew('none of them')
  await turns(3)
  t.same(closed, ['b'])
  t.equal(all.count, 2)
})

t.test('time to prove itself is limited', async (t) => {
  const { all, closed } = connections(9, 1)
  all.add('slow')
  all.add('quick')
  all.remove('quick')
  while (closed.length === 0) await turns(1)
  t.same(closed, ['slow'])
  t.equal(all.count, 0)
})
