import { strict as assert } from 'node:assert'
import {
  type CheckResult,
  countsAsHealthy,
  HEALTH_TRANSITIONS,
  type Health,
  type HealthState,
  observe,
  unknownHealth,
} from '@fivetuple/lb-node'
import fc from 'fast-check'
import t from 'tap'

const THRESHOLDS = { rise: 2, fall: 3 }

/** What comes of a row of results: + for success, - for failure; one letter for the health after each. */
function story(results: string, thresholds = THRESHOLDS): string {
  let state = unknownHealth(0)
  return [...results]
    .map((result, i) => {
      state = observe(state, result === '+' ? 'success' : 'failure', thresholds, i + 1)
      return state.health === 'healthy' ? 'H' : 'u'
    })
    .join('')
}

t.test('every state and result has its line in the table', async (t) => {
  const expected: [Health, CheckResult, number, Health, number][] = [
    // health, result, doubts before, health and doubts after
    ['unknown', 'success', 0, 'healthy', 0],
    ['unknown', 'failure', 0, 'unknown', 1],
    ['unknown', 'failure', 2, 'unhealthy', 0],
    ['unknown', 'success', 2, 'healthy', 0],
    ['healthy', 'success', 0, 'healthy', 0],
    ['healthy', 'success', 2, 'healthy', 0],
    ['healthy', 'failure', 0, 'healthy', 1],
    ['healthy', 'failure', 1, 'healthy', 2],
    ['healthy', 'failure', 2, 'unhealthy', 0],
    ['unhealthy', 'failure', 0, 'unhealthy', 0],
    ['unhealthy', 'failure', 1, 'unhealthy', 0],
    ['unhealthy', 'success', 0, 'unhealthy', 1],
    ['unhealthy', 'success', 1, 'healthy', 0],
  ]
  for (const [health, result, doubts, healthAfter, doubtsAfter] of expected) {
    const after = observe({ health, doubts, since: 5 }, result, THRESHOLDS, 9)
    t.strictSame(
      after,
      { health: healthAfter, doubts: doubtsAfter, since: healthAfter === health ? 5 : 9 },
      `${health}, ${doubts} doubts, ${result}`,
    )
  }
  const lines = Object.entries(HEALTH_TRANSITIONS).flatMap(([health, row]) => Object.keys(row).map((r) => [health, r]))
  for (const [health, result] of lines)
    t.ok(
      expected.some((line) => line[0] === health && line[1] === result),
      `${health} ${result}`,
    )
})

t.test('stories', async (t) => {
  t.equal(story('++++'), 'HHHH')
  t.equal(story('---+'), 'uuuu')
  t.equal(story('+--+--+---'), 'HHHHHHHHHu', 'failures must be in a row')
  t.equal(story('---+-+-++'), 'uuuuuuuuH', 'and so must successes')
  t.equal(story('--+'), 'uuH', 'but the first success decides')
  t.equal(story('+-+-', { rise: 1, fall: 1 }), 'HuHu')
})

t.test('before the first result an option decides', async (t) => {
  const state = unknownHealth(7)
  t.equal(countsAsHealthy(state, 'healthy'), true)
  t.equal(countsAsHealthy(state, 'unhealthy'), false)
  for (const initial of ['healthy', 'unhealthy'] as const) {
    t.equal(countsAsHealthy(observe(state, 'success', THRESHOLDS, 8), initial), true)
    t.equal(countsAsHealthy(observe(state, 'failure', THRESHOLDS, 8), initial), initial === 'healthy', 'one is no news')
    t.equal(countsAsHealthy(observe(state, 'failure', { rise: 1, fall: 1 }, 8), initial), false)
  }
})

t.test('it agrees with one that looks back at all results', async () => {
  const threshold = fc.integer({ min: 1, max: 5 })
  fc.assert(
    fc.property(threshold, threshold, fc.array(fc.boolean(), { maxLength: 60 }), (rise, fall, results) => {
      let state: HealthState = unknownHealth(0)
      let expected: boolean | undefined
      let changedAt = 0
      results.forEach((good, i) => {
        state = observe(state, good ? 'success' : 'failure', { rise, fall }, i + 1)
        // The naive twin: the last n results since the last change all say the opposite.
        const needed = expected === undefined ? (good ? 1 : fall) : expected ? fall : rise
        const tail = results.slice(Math.max(changedAt, i + 1 - needed), i + 1)
        if (good !== expected && tail.length === needed && tail.every((result) => result === good)) {
          expected = good
          changedAt = i + 1
        }
        assert.equal(state.health, expected === undefined ? 'unknown' : expected ? 'healthy' : 'unhealthy')
        assert.equal(state.since, changedAt)
        assert.ok(state.doubts < (expected === false ? rise : fall))
      })
    }),
  )
})
