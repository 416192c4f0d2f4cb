import assert from 'node:assert/strict'
import { formatPrefix, parseIpv4, parsePrefix, prefixOf } from '@fivetuple/packet'
import { type EcmpSelection, Fib, modulo, type Route } from '@fivetuple/switch'
import fc from 'fast-check'
import t from 'tap'
import { NaiveRouteTable } from './naive-route-table.js'

function route(prefix: string, ...nextHops: number[]): Route {
  return { prefix: parsePrefix(prefix)!, nextHops, cost: 0 }
}

function found(fib: Fib, address: string): string | undefined {
  const group = fib.lookup(parseIpv4(address)!)
  return group && formatPrefix(group.route.prefix)
}

t.test('the longest prefix wins, whatever the order in which routes came', async (t) => {
  const routes = [
    route('0.0.0.0/0', 1),
    route('127.20.10.0/24', 2),
    route('127.20.10.1/32', 3),
    route('127.20.0.0/16', 4),
    route('128.0.0.0/1', 5),
  ]
  for (const fib of [Fib.empty(modulo).with(routes), Fib.empty(modulo).with(routes.toReversed())]) {
    t.equal(found(fib, '127.20.10.1'), '127.20.10.1/32')
    t.equal(found(fib, '127.20.10.2'), '127.20.10.0/24')
    t.equal(found(fib, '127.20.11.1'), '127.20.0.0/16')
    t.equal(found(fib, '127.21.0.0'), '0.0.0.0/0')
    t.equal(found(fib, '255.255.255.255'), '128.0.0.0/1')
  }
})

t.test('an empty table finds nothing', async (t) => {
  t.equal(found(Fib.empty(modulo), '127.0.0.1'), undefined)
  t.equal(
    found(
      Fib.empty(modulo)
        .with([route('127.0.0.1/32', 1)], [])
        .with([], [parsePrefix('127.0.0.1/32')!]),
      '127.0.0.1',
    ),
    undefined,
  )
})

t.test('a snapshot is not changed by the next one', async (t) => {
  const first = Fib.empty(modulo).with([route('127.20.10.1/32', 1, 2), route('127.20.10.2/32', 1)])
  const second = first.with([route('127.20.10.1/32', 1, 2, 3)], [parsePrefix('127.20.10.2/32')!])
  t.equal(second.version, first.version + 1)
  t.same(first.get(parsePrefix('127.20.10.1/32')!)?.nextHops, [1, 2])
  t.same(second.get(parsePrefix('127.20.10.1/32')!)?.nextHops, [1, 2, 3])
  t.equal(found(first, '127.20.10.2'), '127.20.10.2/32')
  t.equal(found(second, '127.20.10.2'), undefined)
  t.equal(first.size, 2)
  t.equal(second.size, 1)
})

t.test('a prefix that is both removed and set is set', async (t) => {
  const prefix = parsePrefix('127.20.10.1/32')!
  t.equal(Fib.empty(modulo).with([route('127.20.10.1/32', 1)], [prefix]).size, 1)
})

t.test('selectors are built once per set of next hops', async (t) => {
  let built = 0
  const counting: EcmpSelection = {
    name: 'counting',
    keptShares: () => [],
    build: (nextHops) => {
      built++
      return modulo.build(nextHops)
    },
  }
  const fib = Fib.empty(counting).with([
    route('127.20.10.1/32', 1, 2),
    route('127.20.10.2/32', 1, 2),
    route('127.20.10.3/32', 1),
  ])
  t.equal(built, 2)
  fib.with([{ ...route('127.20.10.1/32', 1, 2), cost: 7 }])
  t.equal(built, 2, 'another cost keeps the selector')
  fib.with([route('127.20.10.1/32', 2, 1)])
  t.equal(built, 3, 'another order is another set')
})

t.test('routes that would break lookups are our own bugs', async (t) => {
  t.throws(() => Fib.empty(modulo).with([route('127.20.10.1/32')]), /without next hops/)
  t.throws(
    () => Fib.empty(modulo).with([{ prefix: { address: 0x7f140a01, length: 24 }, nextHops: [1], cost: 0 }]),
    /host bits/,
  )
})

/** Few bits vary, so that prefixes nest and collide. */
const address = fc.tuple(fc.nat(3), fc.nat(3)).map(([high, low]) => ((high << 30) | (0x140a00 << 2) | low) >>> 0)
const prefix = fc
  .tuple(address, fc.oneof(fc.constantFrom(0, 1, 2, 30, 31, 32), fc.nat(32)))
  .map(([inside, length]) => prefixOf(inside, length))
const change = fc.record({
  set: fc.array(
    fc.record({ prefix, nextHops: fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 4 }), cost: fc.nat(100) }),
    { maxLength: 6 },
  ),
  remove: fc.array(prefix, { maxLength: 3 }),
})

t.test('agrees with a linear scan after any changes', async () => {
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 12 }),
      fc.array(fc.oneof(address, fc.nat(0xffffffff)), { minLength: 20 }),
      (changes, probes) => {
        let fib = Fib.empty(modulo)
        const naive = new NaiveRouteTable()
        for (const { set, remove } of changes) {
          for (const p of remove) naive.remove(p)
          for (const r of set) naive.set(r)
          fib = fib.with(set, remove)
          assert.equal(fib.size, naive.routes().length)
          for (const probe of probes) assert.equal(fib.lookup(probe)?.route, naive.lookup(probe))
        }
        assert.deepEqual(new Set(fib.routes()), new Set(naive.routes()))
      },
    ),
    { numRuns: 150 },
  )
})

t.test('pages split and merge without losing a route', async () => {
  const routes = Array.from(
    { length: 5000 },
    (_, i): Route => ({
      prefix: { address: (0x7f000000 + i * 7) >>> 0, length: 32 },
      nextHops: [1 + (i % 9)],
      cost: i,
    }),
  )
  let fib = Fib.empty(modulo)
  for (let i = 0; i < routes.length; i += 50) fib = fib.with(routes.slice(i, i + 50))
  assert.equal(fib.size, 5000)
  for (const r of routes) assert.equal(fib.lookup(r.prefix.address)?.route, r)
  assert.equal(fib.lookup(0x7f000001), undefined)
  const full = fib
  for (let i = 0; i < 4990; i += 10)
    fib = fib.with(
      [],
      routes.slice(i, i + 10).map((r) => r.prefix),
    )
  assert.deepEqual(fib.routes(), routes.slice(4990))
  assert.equal(full.size, 5000)
  assert.deepEqual(full.routes(), routes)
})
