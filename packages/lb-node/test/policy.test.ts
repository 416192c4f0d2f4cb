import { strict as assert } from 'node:assert'
import { BACKEND_POLICIES, type BackendPolicy, type PolicySnapshot, roundRobin } from '@fivetuple/lb-node'
import fc from 'fast-check'
import t from 'tap'

const NONE = -1

const flow = fc.record({ clientAddress: fc.nat(0xffffffff), clientPort: fc.nat(65_535) })
const backend = fc
  .record({
    address: fc.nat(0xffffffff),
    port: fc.nat(65_535),
    admitted: fc.boolean(),
    weight: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(0, 65_535)),
    sessions: fc.nat(1_000),
  })
  .map(({ admitted, ...backend }) => ({ ...backend, eligible: admitted && backend.weight > 0 }))

/** Snapshots of one service as they follow one another: the version tells which are alike. */
const snapshots: fc.Arbitrary<PolicySnapshot[]> = fc
  .array(fc.tuple(fc.array(backend, { maxLength: 20 }), fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 3 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((changes) =>
    changes.flatMap(([backends, flowNumbers], version) =>
      flowNumbers.map((flowNumber) => ({ backends, version, flowNumber })),
    ),
  )

/** What every policy must do. */
function checkPolicy(create: () => BackendPolicy): void {
  fc.assert(
    fc.property(flow, snapshots, (flow, snapshots) => {
      const policy = create()
      for (const snapshot of snapshots) {
        const { backends } = snapshot
        const before = structuredClone(snapshot)
        const picked = policy.pick(flow, snapshot)
        assert.equal(picked === NONE, !backends.some(({ eligible }) => eligible), 'it picks one if there is one')
        if (picked !== NONE) assert(backends[picked]?.eligible, 'what it picks is eligible')
        assert.equal(policy.pick(flow, snapshot), picked, 'the same question has the same answer')
        assert.equal(create().pick(flow, snapshot), picked, 'whatever has been asked before')
        assert.deepEqual(snapshot, before, 'it only reads')
      }
    }),
  )
}

t.test('policies', async (t) => {
  t.ok(Object.keys(BACKEND_POLICIES).length > 0)
  for (const [name, create] of Object.entries(BACKEND_POLICIES))
    t.test(`${name}: what every policy must do`, async (t) => {
      t.equal(create().name, name)
      checkPolicy(create)
    })
})

t.test('round-robin gives each eligible backend its turn', async (t) => {
  const backends = [true, false, true, true].map((eligible, i) => ({
    address: i,
    port: 80,
    eligible,
    weight: 1,
    sessions: 0,
  }))
  const turns = Array.from({ length: 6 }, (_, flowNumber) =>
    roundRobin.pick({ clientAddress: 1, clientPort: 1 }, { backends, version: 0, flowNumber }),
  )
  t.strictSame(turns, [0, 2, 3, 0, 2, 3])
})
