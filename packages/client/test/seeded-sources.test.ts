import { strict as assert } from 'node:assert'
import { SeededSources, type Source, SourcePool } from '@fivetuple/client'
import fc from 'fast-check'
import t from 'tap'

const POOL = SourcePool.parse('127.20.100.0/22')!
const text = ({ address, port }: Source): string => `${address}:${port}`

t.test('a seed gives these sources, today and tomorrow', (t) => {
  const sources = new SeededSources({ pool: POOL, seed: 7, connections: 8 })
  t.same(sources.first(4).map(text), [
    '127.20.102.32:60663',
    '127.20.101.178:47810',
    '127.20.102.208:38239',
    '127.20.102.180:58992',
  ])
  t.equal(text(sources.source(2, 0)), '127.20.102.208:38239')
  t.end()
})

t.test('a connection keeps its address, and each opening has another port', (t) => {
  const sources = new SeededSources({ pool: POOL, seed: 7, connections: 2_000 })
  for (const i of [0, 1, 1_021, 1_022, 1_999]) {
    const opened = Array.from({ length: 100 }, (_, attempt) => sources.source(i, attempt))
    t.equal(new Set(opened.map(({ address }) => address)).size, 1)
    t.equal(new Set(opened.map(({ port }) => port)).size, 100)
  }
  t.end()
})

t.test('property: sources of all connections, openings and probes differ, and lie in the pool', (t) => {
  fc.assert(
    fc.property(
      fc.record({
        prefix: fc.constantFrom('127.0.0.9', '127.0.0.8/31', '127.0.0.8/29', '127.20.100.0/22'),
        seed: fc.integer({ min: 0, max: 0xffff_ffff }),
        connections: fc.integer({ min: 1, max: 300 }),
        probes: fc.integer({ min: 1, max: 3 }),
      }),
      ({ prefix, seed, connections, probes }) => {
        const pool = SourcePool.parse(prefix)!
        const addresses = new Set(Array.from({ length: pool.size }, (_, i) => pool.at(i)))
        const seen = new Set<string>()
        for (let probe = 0; probe < probes; probe++) {
          const sources = new SeededSources({ pool, seed, connections, probes, probe })
          for (let i = 0; i < connections; i++)
            for (let attempt = 0; attempt < 3; attempt++) {
              const source = sources.source(i, attempt)
              assert(addresses.has(source.address) && source.port >= 32_768 && source.port <= 60_999)
              seen.add(text(source))
            }
        }
        assert.equal(seen.size, 3 * connections * probes)
      },
    ),
    { numRuns: 60 },
  )
  t.end()
})

t.test('connections are spread evenly over the addresses', (t) => {
  const sources = new SeededSources({ pool: POOL, seed: 3, connections: 2 * POOL.size })
  const perAddress = new Map<string, number>()
  for (const { address } of sources.first(2 * POOL.size)) perAddress.set(address, (perAddress.get(address) ?? 0) + 1)
  t.same([perAddress.size, ...new Set(perAddress.values())], [POOL.size, 2])
  t.end()
})

t.test('seeds differ', (t) => {
  const of = (seed: number): string[] => new SeededSources({ pool: POOL, seed, connections: 50 }).first(50).map(text)
  const common = of(1).filter((source) => of(2).includes(source))
  t.ok(common.length <= 1, `${common.length} of 50 are the same`)
  t.end()
})
