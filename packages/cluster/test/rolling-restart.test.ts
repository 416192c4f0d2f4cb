import type { RollingProgress, RollingResult } from '@fivetuple/cluster'
import t from 'tap'
import { RollingRestart, type RollingRestartOptions } from '../dist/launcher/actions/rolling-restart.js'
import { roleClients } from '../dist/launcher/role-contracts.js'

/** Of two LBs without sessions, which are drained and restarted at once. */
function rolling(drainLb: (lb: string, draining: boolean) => Promise<unknown>): RollingRestart {
  return new RollingRestart({
    lbs: ['lb-1', 'lb-2'],
    supervisor: { restart: async () => {} },
    recovery: { untilRouted: async () => {}, vipsOf: () => [] },
    drains: { drainLb },
    roles: roleClients(async () => ({ sessions: 0, services: [{ newFlows: 1 }] })),
  } as unknown as RollingRestartOptions)
}

async function stepsOf(steps: AsyncGenerator<RollingProgress, RollingResult, undefined>): Promise<string[]> {
  const seen: string[] = []
  for (;;) {
    const { done, value } = await steps.next()
    seen.push(value.step)
    if (done === true) return seen
  }
}

const ALL_OF_ONE = ['draining', 'restarting', 'routed', 'carrying']

t.test('it may follow one that nobody has read to its end', async (t) => {
  for (const last of ALL_OF_ONE) {
    const restart = rolling(async () => ({ sessions: 0 }))
    for await (const { step } of restart.run(1_000)) if (step === last) break
    t.same(await stepsOf(restart.run(1_000)), [...ALL_OF_ONE, ...ALL_OF_ONE, 'done'], last)
  }
})

t.test('so it may when the drain can not be ended of the LB at which nobody read on', async (t) => {
  let isUplinkThere = false
  const restart = rolling(async (_, draining) => {
    if (!draining && !isUplinkThere) throw new Error('uplink is not running')
    return { sessions: 0 }
  })
  for await (const { step } of restart.run(1_000)) if (step === 'restarting') break
  t.same(await stepsOf(restart.run(1_000)), ['draining', 'restarting', 'failed'])
  isUplinkThere = true
  t.same(await stepsOf(restart.run(1_000)), [...ALL_OF_ONE, ...ALL_OF_ONE, 'done'])
})

t.test('there is one at a time', async (t) => {
  const restart = rolling(async () => ({ sessions: 0 }))
  const first = restart.run(0)
  await first.next()
  t.throws(() => restart.run(0), { message: 'a rolling restart is under way', status: 409 })
  await first.return({ atMs: 0, step: 'done', lbs: [] })
  t.equal((await stepsOf(restart.run(0))).at(-1), 'done')
})
