import { strict as assert } from 'node:assert'
import {
  Community,
  type PathAttributes,
  Rib,
  type RibNeighbor,
  type RibSnapshot,
  SegmentType,
  type Update,
} from '@fivetuple/bgp'
import { formatPrefix, hostPrefix, type Prefix, parseIpv4, parsePrefix, prefixOf } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { NaiveRib } from './naive-rib.js'

const LOCAL_AS = 65_000
const VIP = parsePrefix('127.20.10.1/32')!

const neighbor = (k: number, allowed = '127.20.10.0/24', prefixLimit = 100): RibNeighbor => ({
  name: `lb-${k}`,
  address: parseIpv4(`127.20.1.${k}`)!,
  as: 65_001,
  forwards: true,
  allowedPrefixes: [parsePrefix(allowed)!],
  prefixLimit,
})

const attributes = (changes: Partial<PathAttributes> = {}, asns: readonly number[] = [65_001]): PathAttributes => ({
  origin: 0,
  asPath: [{ type: SegmentType.AS_SEQUENCE, asns }],
  nextHop: 0x7f14_0101,
  med: undefined,
  localPref: undefined,
  communities: [],
  ...changes,
})

/** Path that others are compared with: two ASes long. */
const GOOD = attributes({}, [65_001, 65_007])

/** The last step of every run. */
const TAKE = { act: 'take', who: 0, prefixes: [], path: attributes() }

const announce = (prefixes: readonly Prefix[], with_: PathAttributes = attributes()): Update => ({
  withdrawn: [],
  announced: [{ prefixes, attributes: with_ }],
  fault: undefined,
})
const withdraw = (...withdrawn: readonly Prefix[]): Update => ({ withdrawn, announced: [], fault: undefined })

/** A RIB whose neighbours 1 to `n` are up; their BGP identifiers run the other way. */
function ribWith(n: number): { rib: Rib; neighbors: RibNeighbor[] } {
  const rib = new Rib(LOCAL_AS)
  const neighbors = Array.from({ length: n }, (_, i) => neighbor(i + 1))
  for (const [i, one] of neighbors.entries()) rib.addNeighbor(one, 100 - i)
  return { rib, neighbors }
}

const table = (snapshot: RibSnapshot) =>
  Object.fromEntries(
    snapshot
      .routes()
      .map(({ prefix, cost, paths }) => [
        formatPrefix(prefix),
        { cost, via: paths.map(({ neighbor }) => neighbor.name) },
      ]),
  )

t.test('paths of equal cost are used together, in the order of the neighbours’ addresses', (t) => {
  const { rib, neighbors } = ribWith(3)
  for (const i of [2, 0, 1]) rib.update(neighbors[i]!, announce([VIP]), 10 + i)
  const changes = rib.takeChanges(20)
  t.match(changes, [{ prefix: VIP, route: { cost: 0, since: 20 } }])
  t.same(table(rib.snapshot), { '127.20.10.1/32': { cost: 0, via: ['lb-1', 'lb-2', 'lb-3'] } })
  const route = rib.snapshot.get(VIP)!
  t.same(
    route.paths.map(({ since }) => since),
    [10, 11, 12],
  )
  t.equal(route.best.neighbor.name, 'lb-3', 'the lowest BGP identifier is best where only one can be')
  rib.update(neighbors[1]!, withdraw(VIP), 30)
  t.match(rib.takeChanges(30), [{ prefix: VIP, route: { paths: [{ since: 10 }, { since: 12 }], since: 30 } }])
  rib.removeNeighbor(neighbors[0]!)
  rib.removeNeighbor(neighbors[2]!)
  t.same(rib.takeChanges(40), [{ prefix: VIP, route: undefined }])
  t.equal(rib.snapshot.size, 0)
  t.end()
})

t.test('attributes that make a path worse', (t) => {
  const worse: [string, PathAttributes][] = [
    ['a longer AS_PATH', attributes({}, [65_001, 65_001, 65_007])],
    ['a worse ORIGIN', attributes({ origin: 1 }, [65_001, 65_007])],
    ['a higher MED, whatever the AS', attributes({ med: 1 }, [65_001, 65_002])],
    ['a sender about to shut down (RFC 8326)', attributes({ communities: [Community.GRACEFUL_SHUTDOWN] })],
  ]
  for (const [name, bad] of worse) {
    const { rib, neighbors } = ribWith(2)
    rib.update(neighbors[0]!, announce([VIP], bad), 0)
    rib.update(neighbors[1]!, announce([VIP], GOOD), 0)
    rib.takeChanges(0)
    t.same(table(rib.snapshot)['127.20.10.1/32']?.via, ['lb-2'], name)
    rib.update(neighbors[1]!, withdraw(VIP), 1)
    rib.takeChanges(1)
    t.same(table(rib.snapshot)['127.20.10.1/32']?.via, ['lb-1'], `${name}: better than nothing`)
  }
  t.end()
})

t.test(
  'a path that drains stays in the set of equal paths, marked, as long as another does not drain (RFC 8326)',
  (t) => {
    const { rib, neighbors } = ribWith(3)
    const draining = attributes({ communities: [Community.GRACEFUL_SHUTDOWN] })
    for (const one of neighbors) rib.update(one, announce([VIP]), 0)
    rib.update(neighbors[2]!, announce([VIP], draining), 0)
    rib.takeChanges(0)
    const shown = () =>
      rib.snapshot.get(VIP)!.paths.map((path) => `${path.neighbor.name}${path.isDraining ? ' drains' : ''}`)
    t.same(shown(), ['lb-1', 'lb-2', 'lb-3 drains'])
    t.not(rib.snapshot.get(VIP)!.best.neighbor.name, 'lb-3', 'it is not the one best')
    for (const one of neighbors) rib.update(one, announce([VIP], draining), 1)
    t.equal(rib.takeChanges(1).length, 1)
    t.same(shown(), ['lb-1 drains', 'lb-2 drains', 'lb-3 drains'], 'better than nothing')
    rib.update(neighbors[1]!, announce([VIP], attributes({ med: 7 })), 2)
    rib.takeChanges(2)
    t.same(shown(), ['lb-2'], 'where no equal one stays, a worse one takes over')
    rib.update(neighbors[0]!, announce([VIP]), 3)
    rib.takeChanges(3)
    t.same(shown(), ['lb-1', 'lb-3 drains'])
    t.end()
  },
)

t.test('attributes that make no difference', (t) => {
  const same: [string, PathAttributes][] = [
    ['another AS in an AS_PATH of the same length', attributes({}, [65_001, 65_008])],
    [
      'a set instead of one AS',
      attributes({
        asPath: [
          { type: SegmentType.AS_SEQUENCE, asns: [65_001] },
          { type: SegmentType.AS_SET, asns: [1, 2, 3] },
        ],
      }),
    ],
    ['MED 0 instead of none', attributes({ med: 0 }, [65_001, 65_007])],
    ['LOCAL_PREF, which an external peer has no business to send', attributes({ localPref: 1 }, [65_001, 65_007])],
    ['next hop and communities', attributes({ nextHop: 1, communities: [7] }, [65_001, 65_007])],
  ]
  for (const [name, other] of same) {
    const { rib, neighbors } = ribWith(2)
    rib.update(neighbors[0]!, announce([VIP], other), 0)
    rib.update(neighbors[1]!, announce([VIP], GOOD), 0)
    rib.takeChanges(0)
    t.same(table(rib.snapshot)['127.20.10.1/32']?.via, ['lb-1', 'lb-2'], name)
  }
  t.end()
})

t.test(
  'a path that does not begin with the AS of its neighbour is treated as withdrawn (RFC 4271 §6.3, RFC 7606 §7.2)',
  (t) => {
    const refused: [string, PathAttributes][] = [
      ['an empty AS_PATH', attributes({}, [])],
      ['no AS_PATH segment at all', attributes({ asPath: [] })],
      ['another AS in front', attributes({}, [65_002, 65_001])],
      ['a set in front', attributes({ asPath: [{ type: SegmentType.AS_SET, asns: [65_001] }] })],
    ]
    for (const [name, bad] of refused) {
      const { rib, neighbors } = ribWith(2)
      const [first, second] = neighbors as [RibNeighbor, RibNeighbor]
      for (const one of neighbors) rib.update(one, announce([VIP]), 0)
      t.equal(rib.update(first, announce([VIP], bad), 1), undefined, `${name}: the session goes on`)
      rib.takeChanges(1)
      t.same(table(rib.snapshot)['127.20.10.1/32']?.via, ['lb-2'], name)
      t.match(rib.rejectedFrom(first), { firstAs: 1, loop: 0, notAllowed: 0 })
      t.match(rib.lastRefusal(first), { prefix: VIP, cause: 'firstAs', reason: /not with AS 65001/, at: 1 })
      t.match(rib.rejectedFrom(second), { firstAs: 0 })
      t.equal(rib.lastRefusal(second), undefined)
    }
    t.end()
  },
)

t.test('a neighbour that nothing can be forwarded to never competes with one that has a port', (t) => {
  const rib = new Rib(LOCAL_AS)
  const [lb, other] = [neighbor(1), neighbor(2)]
  const outside: RibNeighbor = { ...neighbor(3), forwards: false }
  for (const [i, one] of [lb, other, outside].entries()) rib.addNeighbor(one, i + 1)
  const via = () => {
    rib.takeChanges(0)
    return table(rib.snapshot)['127.20.10.1/32']?.via
  }
  rib.update(outside, announce([VIP], attributes({}, [65_001])), 0)
  t.same(via(), ['lb-3'], 'alone it is shown')
  rib.update(lb, announce([VIP], attributes({ origin: 2, med: 100 }, [65_001, 65_007, 65_007])), 0)
  t.same(via(), ['lb-1'], 'a longer AS_PATH, a worse ORIGIN and a higher MED all the same')
  rib.update(lb, announce([VIP], attributes({ communities: [Community.GRACEFUL_SHUTDOWN] })), 0)
  t.same(via(), ['lb-1'], 'while it drains, too: nobody else can carry its flows')
  rib.update(other, announce([VIP], attributes({}, [65_001, 65_007])), 0)
  t.same(via(), ['lb-2'])
  rib.removeNeighbor(lb)
  rib.removeNeighbor(other)
  t.same(via(), ['lb-3'])
  t.end()
})

t.test('prefixes of a malformed announcement are counted as refused', (t) => {
  const { rib, neighbors } = ribWith(1)
  const [one] = neighbors as [RibNeighbor]
  rib.update(one, announce([VIP]), 0)
  rib.update(one, { withdrawn: [VIP], announced: [], fault: 'ORIGIN is 7', faulty: [VIP] }, 1)
  rib.takeChanges(1)
  t.same(table(rib.snapshot), {})
  t.match(rib.rejectedFrom(one), { malformed: 1 })
  t.match(rib.lastRefusal(one), { cause: 'malformed', reason: 'ORIGIN is 7', at: 1 })
  t.end()
})

t.test('import: filter, loops, limit', (t) => {
  const rib = new Rib(LOCAL_AS)
  const small = neighbor(1, '127.20.10.0/24', 2)
  rib.addNeighbor(small, 1)
  const at = (text: string) => parsePrefix(text)!
  rib.update(small, announce([at('127.20.10.0/24'), at('127.20.10.8/29'), at('127.20.0.0/16'), at('0.0.0.0/0')]), 0)
  t.same(rib.rejected, { notAllowed: 2, firstAs: 0, loop: 0, malformed: 0, overLimit: 0 })
  t.equal(rib.prefixCount(small), 2)
  t.equal(rib.update(small, announce([at('127.20.10.8/29')], attributes({ med: 7 })), 0), undefined, 'no new prefix')
  const error = rib.update(small, announce([VIP]), 0)
  t.match(error, { code: 6, subcode: 1, data: new Uint8Array([0, 1, 1, 0, 0, 0, 2]) })
  t.equal(rib.rejected.overLimit, 1)
  rib.update(small, announce([at('127.20.10.8/29')], attributes({}, [65_001, LOCAL_AS])), 0)
  t.equal(rib.rejected.loop, 1)
  rib.takeChanges(0)
  t.same(Object.keys(table(rib.snapshot)), ['127.20.10.0/24'], 'a refused announcement replaces what was there')
  t.end()
})

t.test('an unchanged announcement is no change', (t) => {
  const { rib, neighbors } = ribWith(2)
  rib.update(neighbors[0]!, announce([VIP]), 0)
  rib.takeChanges(0)
  const before = rib.snapshot
  rib.update(neighbors[0]!, announce([VIP], attributes()), 1)
  t.notOk(rib.hasChanges, 'the same once more')
  rib.update(neighbors[1]!, announce([VIP], attributes({ med: 5 })), 1)
  rib.update(neighbors[1]!, withdraw(hostPrefix(5)), 1)
  t.same(rib.takeChanges(1), [], 'a worse path')
  rib.update(neighbors[0]!, withdraw(VIP), 2)
  rib.update(neighbors[0]!, announce([VIP]), 2)
  t.match(rib.takeChanges(2), [{ route: { paths: [{ since: 2 }] } }], 'gone and back: a new path')
  t.equal(before.version + 1, rib.snapshot.version)
  t.end()
})

t.test('old snapshots do not change', (t) => {
  const { rib, neighbors } = ribWith(1)
  const prefixes = Array.from({ length: 200 }, (_, i) => hostPrefix(0x7f14_0a00 + i))
  rib.update(neighbors[0]!, announce(prefixes.slice(0, 100)), 0)
  rib.takeChanges(0)
  const old = rib.snapshot
  const before = table(old)
  rib.removeNeighbor(neighbors[0]!)
  rib.takeChanges(1)
  t.equal(old.size, 100)
  t.equal(rib.snapshot.size, 0)
  t.equal(rib.snapshot.version, 2)
  t.same(table(old), before)
  t.same(
    old.routes().map(({ prefix }) => prefix),
    prefixes.slice(0, 100),
    'by address',
  )
  t.end()
})

t.test('against the naive RIB', (t) => {
  const neighbors = [
    neighbor(1, '0.0.0.0/0'),
    neighbor(2, '0.0.0.0/0'),
    { ...neighbor(3, '0.0.0.0/1'), forwards: false },
    { ...neighbor(4, '0.0.0.0/0'), as: 65_002, forwards: false },
  ]
  const prefix = fc
    .tuple(fc.constantFrom(0, 0x1000_0000, 0x9000_0000), fc.constantFrom(0, 8, 32))
    .map(([address, length]) => prefixOf(address, length))
  const path = fc
    .record({
      origin: fc.nat(2),
      asns: fc.array(fc.constantFrom(65_001, 65_002, LOCAL_AS), { minLength: 1, maxLength: 2 }),
      med: fc.constantFrom(undefined, 0, 1),
      communities: fc.constantFrom([], [Community.GRACEFUL_SHUTDOWN]),
    })
    .map(({ asns, ...rest }) => attributes(rest, asns))
  const step = fc.record({
    act: fc.constantFrom('announce', 'announce', 'announce', 'withdraw', 'up', 'down', 'take'),
    who: fc.nat(3),
    prefixes: fc.array(prefix, { minLength: 1, maxLength: 3 }),
    path,
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const rib = new Rib(LOCAL_AS)
      const naive = new NaiveRib(LOCAL_AS)
      const up = new Set<RibNeighbor>()
      const followed: Record<string, { cost: number; via: string[] }> = {}
      for (const [i, { act, who, prefixes, path }] of [...steps, TAKE].entries()) {
        const one = neighbors[who]!
        if (act === 'up' && !up.has(one)) {
          up.add(one)
          rib.addNeighbor(one, who)
          naive.up(one)
        }
        if (act === 'down') {
          up.delete(one)
          rib.removeNeighbor(one)
          naive.down(one)
        }
        if (act === 'announce' && up.has(one)) {
          rib.update(one, announce(prefixes, path), i)
          for (const prefix of prefixes) naive.announce(one, prefix, path)
        }
        if (act === 'withdraw' && up.has(one)) {
          rib.update(one, withdraw(...prefixes), i)
          for (const prefix of prefixes) naive.withdraw(one, prefix)
        }
        if (act !== 'take') continue
        for (const { prefix, route } of rib.takeChanges(i)) {
          if (route === undefined) delete followed[formatPrefix(prefix)]
          else followed[formatPrefix(prefix)] = { cost: route.cost, via: route.paths.map((p) => p.neighbor.name) }
        }
        assert.deepEqual(table(rib.snapshot), naive.table())
        assert.deepEqual(followed, naive.table(), 'the changes lead to the same table')
        assert.equal(rib.snapshot.size, Object.keys(followed).length)
      }
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('100,000 routes: a change costs its own prefix, not the table', (t) => {
  const rib = new Rib(LOCAL_AS)
  const big = neighbor(1, '0.0.0.0/0', 200_000)
  const other = neighbor(2, '0.0.0.0/0', 200_000)
  rib.addNeighbor(big, 1)
  rib.addNeighbor(other, 2)
  const prefixes = Array.from({ length: 100_000 }, (_, i) => prefixOf(0x0a00_0000 + i * 256, 24))
  const started = performance.now()
  rib.update(big, announce(prefixes), 0)
  t.equal(rib.takeChanges(0).length, 100_000)
  const loaded = performance.now()
  for (let i = 0; i < 1_000; i++) {
    rib.update(other, announce([prefixes[i * 97]!]), i)
    assert.equal(rib.takeChanges(i).length, 1)
  }
  const changed = performance.now()
  t.equal(rib.snapshot.size, 100_000)
  t.comment(`load ${(loaded - started).toFixed(0)} ms, a change ${((changed - loaded) / 1_000).toFixed(3)} ms`)
  t.end()
})
