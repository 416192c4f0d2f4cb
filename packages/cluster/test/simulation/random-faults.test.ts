import { strict as assert } from 'node:assert'
import { FAULT_KINDS, type FaultName, seededRandom } from '@fivetuple/faults'
import t from 'tap'
import { FAULTS, runRandomFaults } from './random-faults.js'
import { startStreams } from './streams.js'

/** Seeds of the suite. `pnpm bench simulate --seeds 1000` runs more. */
const SEEDS = Array.from({ length: 30 }, (_, i) => i + 1)
const LONG_MS = 600_000

t.test('random faults of all kinds: the invariants hold, and every flow ends', async (t) => {
  let completed = 0
  let failed = 0
  for (const seed of SEEDS) {
    const run = runRandomFaults(seed)
    completed += run.completed
    failed += run.failed
  }
  t.comment(`${SEEDS.length} seeds: ${completed} flows completed, ${failed} failed`)
  t.ok(completed > failed, 'most flows complete')
  t.ok(failed > 0, 'the faults are felt')
})

t.test('the same seed is the same run', async (t) => {
  t.strictSame(runRandomFaults(7), runRandomFaults(7))
})

/** Kinds that let no packet pass while they last. */
const SILENT: readonly FaultName[] = ['link-down', 'black-hole']

for (const { kind } of FAULT_KINDS)
  for (const [direction, links] of [
    ['in', 'both links'],
    ['out', 'both links'],
  ] as const)
    t.test(`bytes are intact under ${kind}, ${direction} on ${links}`, async () => {
      const seed = 3
      const { cluster, clients, bytes } = startStreams({
        seed,
        faults: [{ kind: 'delay', ms: 1 }],
        flows: 12,
        bytes: 20_000,
        startWithinMs: 500,
      })
      const fault = FAULTS[kind](seededRandom(seed))
      cluster.clock.schedule(200, () => {
        for (const id of [1, 2, 3, 4])
          for (const link of ['uplink', 'downlink'] as const) cluster.impair(id, link, direction, [fault])
      })
      const endsAt = SILENT.includes(kind) ? 2_000 : 20_000
      cluster.clock.schedule(endsAt, () => {
        for (const id of [1, 2, 3, 4])
          for (const link of ['uplink', 'downlink'] as const) cluster.impair(id, link, direction, [])
      })
      assert(cluster.run(LONG_MS), 'the cluster comes to rest')
      // Each byte is checked as it arrives. Heavy loss may end a flow by a timeout, at one end or the other.
      const complete = clients.filter(({ failure }) => failure === undefined)
      for (const { closed } of clients) assert(closed, 'every flow ends')
      for (const { sink } of complete) assert.equal(sink.received, bytes)
      assert(complete.length >= 0.75 * clients.length, `${JSON.stringify(fault)}: ${complete.length} flows completed`)
      assert.deepEqual(cluster.leftovers(), { flows: 0, sessions: 0 })
    })
