import assert from 'node:assert/strict'
import { deserialize, serialize } from 'node:v8'
import { hostPrefix, prefixOf } from '@fivetuple/packet'
import { Fib, modulo, type Route } from '@fivetuple/switch'
import fc from 'fast-check'
import t from 'tap'
import {
  changedFib,
  type FibUpdate,
  updatedFib,
  type VersionedFib,
  wholeFib,
} from '../../dist/data-plane/fib/fib-update.js'

const EMPTY: VersionedFib = { version: 0, fib: Fib.empty(modulo) }

/** As node's IPC with advanced serialization does it. */
function overTheChannel(update: FibUpdate): FibUpdate {
  return deserialize(serialize(update)) as FibUpdate
}

const prefix = fc
  .tuple(
    fc.nat(0xff).map((low) => (0x7f140a00 + low) >>> 0),
    fc.constantFrom(0, 24, 31, 32),
  )
  .map(([inside, length]) => prefixOf(inside, length))
const route: fc.Arbitrary<Route> = fc
  .tuple(prefix, fc.uniqueArray(fc.nat(5), { minLength: 2, maxLength: 4 }), fc.nat(2), fc.boolean())
  .map(([at, nextHops, cost, drains]) => ({
    prefix: at,
    nextHops,
    cost,
    ...(drains ? { draining: nextHops.slice(1) } : {}),
  }))
const change = fc.record({ set: fc.array(route, { maxLength: 6 }), remove: fc.array(prefix, { maxLength: 3 }) })

t.test('a follower that gets all changes, and one that joins at any time, have the same table', async () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), fc.nat(12), (changes, joinsAt) => {
      let own = Fib.empty(modulo).with([])
      let version = 1
      let follower = updatedFib(EMPTY, overTheChannel(wholeFib(version, own)), modulo)
      let late: VersionedFib | undefined
      changes.forEach(({ set, remove }, i) => {
        own = own.with(set, remove)
        const update = overTheChannel(changedFib(++version, set, remove))
        follower = updatedFib(follower, update, modulo)
        if (late !== undefined) late = updatedFib(late, update, modulo)
        if (i === joinsAt) late = updatedFib(EMPTY, overTheChannel(wholeFib(version, own)), modulo)
        for (const { fib, version: has } of [follower, late ?? follower]) {
          assert.equal(has, version)
          assert.deepEqual(fib.routes(), own.routes())
        }
      })
    }),
    { numRuns: 200 },
  )
})

t.test('a change of another version than the one at hand is a mistake of ours', async (t) => {
  const first = updatedFib(EMPTY, wholeFib(1, EMPTY.fib), modulo)
  t.throws(() => updatedFib(first, changedFib(3, [], []), modulo), /a change of route table 2, but this is 1/)
})

t.test('100,000 routes by the same next hops take under ten bytes each', async (t) => {
  const routes = Array.from({ length: 100_000 }, (_, i): Route => {
    return { prefix: hostPrefix((0x0a000000 + i) >>> 0), nextHops: i % 2 ? [1, 2, 3, 4] : [1, 2, 3], cost: 0 }
  })
  const update = wholeFib(1, Fib.empty(modulo).with(routes))
  t.equal(update.bodies.length, 2)
  const bytes = serialize(update).length
  t.ok(bytes < 1_000_000, `${bytes} bytes`)
  t.equal(updatedFib(EMPTY, overTheChannel(update), modulo).fib.size, 100_000)
})
