import fc from 'fast-check'
import t from 'tap'
import { CpuLimit } from '../../dist/launcher/cpu-limit.js'
import { CPU_SHARE_MAX, CPU_SHARE_MIN, DutyCycle, PHASE_MAX_MS } from '../../dist/launcher/duty-cycle.js'
import { VirtualTimers } from './virtual-timers.js'

/** Runs a cycle for a number of phases, each of which takes longer than requested. */
function run(share: number, phases: number, lateMs: (i: number) => number) {
  const cycle = new DutyCycle(share, 0)
  let now = 0
  const sums = { run: 0, stopped: 0, longestStopMs: 0 }
  for (let i = 0; i < phases; i++) {
    const { isStopped, forMs } = cycle.next(now)
    t.equal(isStopped, i % 2 === 0, 'stopped and running in turn')
    const tookMs = forMs + lateMs(i)
    sums[isStopped ? 'stopped' : 'run'] += tookMs
    if (isStopped) sums.longestStopMs = Math.max(sums.longestStopMs, forMs)
    now += tookMs
  }
  return sums
}

t.test('a process runs for its share of the time', async (t) => {
  for (const share of [CPU_SHARE_MIN, 0.05, 0.2, 0.5, 0.8, CPU_SHARE_MAX]) {
    const { run: ran, stopped } = run(share, 100, () => 0)
    t.ok(Math.abs(ran / (ran + stopped) - share) < 0.001, `${share}: ${ran} of ${ran + stopped} ms`)
  }
})

t.test('a late timer is made up for, and no stop is longer than its bound', async (t) => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 0.9, noNaN: true }),
      fc.array(fc.nat(10), { minLength: 200 }),
      (share, late) => {
        const { run: ran, stopped, longestStopMs } = run(share, 400, (i) => late[i % late.length]!)
        t.ok(longestStopMs <= PHASE_MAX_MS)
        t.ok(Math.abs(ran / (ran + stopped) - share) < 0.02, `${share}: ${ran / (ran + stopped)}`)
      },
    ),
    { numRuns: 30 },
  )
  const { longestStopMs } = run(0.01, 10, (i) => (i % 2 === 1 ? 60_000 : 0))
  t.equal(longestStopMs, PHASE_MAX_MS, 'a minute in which the launcher did not run')
})

t.test('a process of which the limit ends continues', async (t) => {
  const timers = new VirtualTimers()
  const signals: string[] = []
  const limit = new CpuLimit(0.2, (signal) => signals.push(`${signal} at ${timers.now()}`), timers)
  for (let i = 0; i < 130; i++) await timers.pass(1)
  t.strictSame(signals, ['SIGSTOP at 0', 'SIGCONT at 80', 'SIGSTOP at 100'])
  limit.end()
  limit.end()
  t.equal(signals.at(-1), 'SIGCONT at 130')
  t.equal(signals.length, 4, 'once')
  t.equal(timers.size, 0)
})
