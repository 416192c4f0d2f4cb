import t from 'tap'
import { routeHappenings } from '../../dist/control-plane/route-happenings.js'

const NOTHING = { forwarded: new Map(), forwardedBefore: new Map(), draining: new Map() }

t.test('prefixes with the same next hops are one happening, with the cause of what has changed', async (t) => {
  const forwarded = new Map([
    ['10.0.0.1/32', ['lb-1', 'lb-3']],
    ['10.0.0.2/32', ['lb-1', 'lb-3']],
    ['10.0.0.3/32', []],
  ])
  const forwardedBefore = new Map([
    ['10.0.0.1/32', ['lb-1', 'lb-2', 'lb-3']],
    ['10.0.0.2/32', ['lb-1', 'lb-2', 'lb-3']],
    ['10.0.0.3/32', ['lb-2']],
  ])
  const causeOf = (name: string, isNextHop: boolean) => (name === 'lb-2' && !isNextHop ? 7 : 0)
  t.same(routeHappenings({ ...NOTHING, forwarded, forwardedBefore }, causeOf), [
    {
      happening: {
        kind: 'route.changed',
        prefixes: ['10.0.0.1/32', '10.0.0.2/32'],
        prefixCount: 2,
        before: ['lb-1', 'lb-2', 'lb-3'],
        after: ['lb-1', 'lb-3'],
      },
      cause: 7,
    },
    {
      happening: { kind: 'route.changed', prefixes: ['10.0.0.3/32'], prefixCount: 1, before: ['lb-2'], after: [] },
      cause: 7,
    },
  ])
  t.same(routeHappenings({ ...NOTHING, draining: new Map([['10.0.0.1/32', ['lb-2']]]) }, causeOf), [
    { happening: { kind: 'route.drained', prefixes: ['10.0.0.1/32'], prefixCount: 1, draining: ['lb-2'] }, cause: 0 },
  ])
})

t.test('a happening names 64 prefixes at most, and counts all', async (t) => {
  const prefixes = Array.from({ length: 100 }, (_, i) => `10.0.0.${i}/32`)
  const forwarded = new Map(prefixes.map((prefix) => [prefix, ['lb-1']]))
  const [only, ...others] = routeHappenings({ ...NOTHING, forwarded }, () => 0)
  t.same(others, [])
  t.match(only, { happening: { prefixes: prefixes.slice(0, 64), prefixCount: 100, before: [] }, cause: 0 })
})
