import t from 'tap'
import { ProbeTally } from '../../dist/cli/probe-tally.js'

t.test('a line on virtual time: totals, and latencies since the line before', (t) => {
  let now = 1_000
  const tally = new ProbeTally(() => now)
  t.equal(tally.line(60_000, true), '0/60 s  0/s  0 ok  0 failed  p50 -  p99 -  lag -')
  for (let i = 1; i <= 100; i++) tally.add({ dueMs: i, lagMs: 0.5, latencyMs: i, error: undefined })
  now += 500
  t.equal(tally.line(60_000, true), '1/60 s  200/s  100 ok  0 failed  p50 50 ms  p99 99 ms  lag 0.5 ms')
  tally.add({ dueMs: 600, lagMs: 2, latencyMs: 9, error: 'ECONNRESET' })
  now += 500
  t.equal(tally.line(60_000, false), '1/60 s  2/s  100 ok  1 failed  p50 -  p99 -  lag 2.0 ms')
  t.equal(tally.line(60_000, true).includes('\u001b[31m1 failed\u001b[39m'), true)
  t.end()
})

t.test('the longest line has 80 columns', (t) => {
  let now = 0
  const tally = new ProbeTally(() => now)
  for (let i = 0; i < 200_000; i++) tally.add({ dueMs: 0, lagMs: 999, latencyMs: 9_999, error: undefined })
  for (let i = 0; i < 100_000; i++) tally.add({ dueMs: 0, lagMs: 999, latencyMs: 9_999, error: 'TIMEOUT' })
  now = 3_600_000
  const line = tally.line(3_600_000, false)
  t.ok(line.length < 80, `${line.length}: ${line}`)
  t.end()
})
