import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import {
  BACKEND_POLICIES,
  BACKEND_POLICY_NAMES,
  type BackendPolicy,
  type BackendPolicyName,
  type PolicyBackend,
  type PolicySnapshot,
} from '@fivetuple/lb-node'
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
  t.ok(BACKEND_POLICY_NAMES.length > 0)
  for (const name of BACKEND_POLICY_NAMES)
    t.test(`${name}: what every policy must do`, async (t) => {
      const { create } = BACKEND_POLICIES[name]
      t.equal(create().name, name)
      checkPolicy(create)
    })
})

/** Names of the policies with a trait. */
function policiesThat(trait: 'spreads' | 'isSticky'): BackendPolicyName[] {
  const names = BACKEND_POLICY_NAMES.filter((name) => BACKEND_POLICIES[name][trait])
  assert(names.length > 0)
  return names
}

const FLOWS = 12_000

/** An LB's view of its backends while it gives them flows that all stay. */
class Service {
  readonly backends: { -readonly [K in keyof PolicyBackend]: PolicyBackend[K] }[]
  version = 0
  flowNumber = 0
  readonly #policy: BackendPolicy

  constructor(name: BackendPolicyName, weights: readonly number[]) {
    this.#policy = BACKEND_POLICIES[name].create()
    this.backends = weights.map((weight, i) => ({
      address: 0x7f140301 + i,
      port: 8080,
      eligible: weight > 0,
      weight,
      sessions: 0,
    }))
  }

  /** Gives one flow of each of so many clients to a backend; returns the backend of each. */
  give(flows: number): number[] {
    return Array.from({ length: flows }, (_, i) => {
      const picked = this.#policy.pick({ clientAddress: 0x0a000000 + i, clientPort: 40_000 + (i % 1_000) }, this)
      this.flowNumber++
      if (picked >= 0) this.backends[picked]!.sessions++
      return picked
    })
  }

  get shares(): number[] {
    return this.backends.map(({ sessions }) => sessions)
  }
}

/** Chi-square of counts against expected shares. */
function chiSquare(counts: readonly number[], weights: readonly number[]): number {
  const flows = counts.reduce((a, b) => a + b, 0)
  const total = weights.reduce((a, b) => a + b, 0)
  return counts.reduce((sum, count, i) => {
    const expected = (flows * weights[i]!) / total
    return sum + (count - expected) ** 2 / expected
  }, 0)
}

t.test('shares', async (t) => {
  for (const name of policiesThat('spreads')) {
    for (const weights of [[1, 1, 1, 1], [100, 100], [1, 2, 5], Array.from({ length: 250 }, () => 100)]) {
      const service = new Service(name, weights)
      service.give(FLOWS)
      const expected = BACKEND_POLICIES[name].usesWeights ? weights : weights.map(() => 1)
      const freedom = weights.length - 1
      // Mean and deviation of chi-square: even policies are far below, hashing ones stay within four deviations.
      const limit = freedom + 4 * Math.sqrt(2 * freedom)
      const value = chiSquare(service.shares, expected)
      t.ok(
        value < limit,
        `${name} over ${weights.length} of weights ${weights.slice(0, 4)}: ${value.toFixed(1)} < ${limit.toFixed(1)}`,
      )
    }
  }
})

t.test('a change is honoured at once', async (t) => {
  for (const name of policiesThat('spreads')) {
    const service = new Service(name, [1, 1, 1])
    service.give(100)
    service.backends[1]!.eligible = false
    service.version++
    t.notOk(service.give(500).includes(1), `${name}: none to the one that went`)
    service.backends[1]!.eligible = true
    service.version++
    t.ok(service.give(500).includes(1), `${name}: some to the one that came back`)
  }
})

t.test('policies that stick move hardly any client when a backend goes', async (t) => {
  for (const name of policiesThat('isSticky')) {
    const service = new Service(name, [1, 1, 1, 1])
    const before = service.give(FLOWS)
    t.same(service.give(FLOWS), before, `${name}: the same clients, the same backends`)
    service.backends[2]!.eligible = false
    service.version++
    const after = service.give(FLOWS)
    const collateral = before.filter((backend, i) => backend !== 2 && after[i] !== backend).length
    t.ok(collateral / FLOWS < 0.003, `${name}: ${collateral} of ${FLOWS} moved without need`)
  }
})

t.test('policies that do not spread use one backend, and another one as long as it is not eligible', async (t) => {
  for (const name of BACKEND_POLICY_NAMES) {
    if (BACKEND_POLICIES[name].spreads) continue
    const service = new Service(name, [1, 5, 1])
    const [first] = service.give(1)
    t.same(new Set(service.give(100)), new Set([first]), `${name}: all flows to one`)
    service.backends[first!]!.eligible = false
    service.version++
    const [second] = service.give(1)
    t.not(second, first)
    t.same(new Set(service.give(100)), new Set([second]), `${name}: all flows to its backup`)
    service.backends[first!]!.eligible = true
    service.version++
    t.same(new Set(service.give(100)), new Set([first]), `${name}: back for new flows`)
  }
})

t.test('active-backup follows the order of the list, whatever the weights', async (t) => {
  const service = new Service('active-backup', [0, 1, 100, 1])
  const order = []
  for (let i = 0; i < 4; i++) {
    const [picked] = service.give(1)
    order.push(picked)
    if (picked !== NONE) service.backends[picked!]!.eligible = false
    service.version++
  }
  t.strictSame(order, [1, 2, 3, NONE])
})

t.test('each policy is documented for users', async (t) => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const configuration = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8')
  for (const name of BACKEND_POLICY_NAMES) {
    t.match(readme, `| \`${name}\``, `${name}: a row of the table in README.md`)
    t.ok(configuration.includes(name), `${name}: in docs/configuration.md`)
  }
})

t.test('weighted round-robin is smooth', async (t) => {
  const service = new Service('weighted-round-robin', [5, 1, 1])
  t.strictSame(service.give(7), [0, 0, 1, 0, 2, 0, 0])
  const odd = new Service('weighted-round-robin', [25_600, 1, 7])
  odd.give(4_000)
  t.ok(
    odd.shares.every((share) => share > 0),
    `nobody is left out: ${odd.shares}`,
  )
})

t.test('least-connections prefers backends with few sessions; power of two choices tends to', async (t) => {
  for (const name of ['least-connections', 'power-of-two-choices'] as const) {
    const service = new Service(name, [1, 1, 1, 1])
    service.backends[0]!.sessions = 1_000
    const given = service.give(400)
    const toFirst = given.filter((backend) => backend === 0).length
    t.equal(toFirst, 0, `${name}: none to the full one`)
  }
})

t.test('round-robin gives each eligible backend its turn', async (t) => {
  const backends = [true, false, true, true].map((eligible, i) => ({
    address: i,
    port: 80,
    eligible,
    weight: 1,
    sessions: 0,
  }))
  const policy = BACKEND_POLICIES['round-robin'].create()
  const turns = Array.from({ length: 6 }, (_, flowNumber) =>
    policy.pick({ clientAddress: 1, clientPort: 1 }, { backends, version: 0, flowNumber }),
  )
  t.strictSame(turns, [0, 2, 3, 0, 2, 3])
})
