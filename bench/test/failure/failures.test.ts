import { failures, longestOutageMs, phaseOf, renderFailures } from '@fivetuple/bench'
import { type ProbeOutcome, quantilesOf } from '@fivetuple/client'
import t from 'tap'

const outcome = (dueMs: number, latencyMs: number, error?: string): ProbeOutcome => ({
  dueMs,
  lagMs: 0,
  latencyMs,
  error,
})

t.test('a phase summarizes the requests that were due in it', (t) => {
  const outcomes = [outcome(99, 9), outcome(100, 1), outcome(199.9, 3), outcome(150, 7, 'ECONNRESET'), outcome(200, 9)]
  t.match(phaseOf(outcomes, 100, 200), {
    fromMs: 100,
    toMs: 200,
    requests: 3,
    failed: 1,
    errors: { ECONNRESET: 1 },
    latency: { count: 2, min: 1, max: 3 },
  })
  t.match(phaseOf([], 0, 100), { requests: 0, failed: 0, errors: {}, latency: { p99: null } })
  t.end()
})

t.test('the longest outage', (t) => {
  t.equal(longestOutageMs([]), 0)
  const outage = (fromMs: number, toMs: number) => ({ fromMs, toMs, due: 1, failed: 1 })
  t.equal(longestOutageMs([outage(100, 200), outage(500, 1_200), outage(2_000, 2_100)]), 700)
  t.end()
})

t.test('each failure has a victim that exists', (t) => {
  const all = failures(['lb-1', 'lb-2', 'lb-3', 'lb-4'], ['backend-1', 'backend-2'])
  t.equal(new Set(all.map(({ name }) => name)).size, all.length, 'names differ')
  t.same(
    all.map(({ what }) => /(lb|backend)-\d/.exec(what)?.[0]),
    ['lb-1', 'lb-2', 'lb-3', 'lb-4', 'backend-1', 'backend-2'],
  )
  t.same(
    failures(['lb-1'], ['backend-1']).map(({ what }) => /(lb|backend)-\d/.exec(what)?.[0]),
    ['lb-1', 'lb-1', 'lb-1', 'lb-1', 'backend-1', 'backend-1'],
  )
  t.end()
})

t.test('the table', (t) => {
  const phase = (requests: number, failed: number, p99: number) => ({
    fromMs: 0,
    toMs: 1,
    requests,
    failed,
    errors: {},
    latency: quantilesOf(Float64Array.of(p99)),
  })
  const load = (name: string, failed: number) => ({
    load: name,
    phases: { before: phase(10, 0, 1), during: phase(20, failed, 50), after: phase(10, 0, 2) },
    requests: 40,
    failed,
    errors: failed === 0 ? {} : { ECONNRESET: failed - 1, TIMEOUT: 1 },
    outageMs: failed === 0 ? 0 : 200,
    outages: [],
    ends: {},
    lagP99Ms: 1,
    series: [],
  })
  const loads = [load('keep-alive', 5), load('new', 0)]
  const lines = renderFailures([{ failure: 'kill-lb', what: 'lb-1 is killed', durationMs: 1_234.5, loads }]).split('\n')
  t.matchOnly(lines, [
    /^Latency from the moment/,
    /^failure +load +lasted ms +requests +failed +outage ms +p99 before +p99 during +p99 after +per cause$/,
    /^-/,
    /^kill-lb +keep-alive +1235 +40 +5 +200 +1\.00 +50\.0 +2\.00 +ECONNRESET 4, TIMEOUT 1$/,
    /^ +new +40 +0 +0 +1\.00 +50\.0 +2\.00 +-$/,
    '',
    'kill-lb: lb-1 is killed',
  ])
  t.end()
})
