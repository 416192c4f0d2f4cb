import type { Delay, JitterDistribution } from '@fivetuple/faults'
import t from 'tap'
import { run } from './run-fault.js'
import { chiSquare, chiSquareLimit, normalCdf } from './statistics.js'

const BINS = 50
const MEAN_MS = 100
const JITTER_MS = 10

/** Delays of packets that do not wait for each other. */
function delays(fault: Delay): number[] {
  const { sent, deliveries } = run([{ ...fault, reorders: true }])
  return deliveries.map((times, i) => times[0]! - sent[i]!)
}

const CDF: Readonly<Record<JitterDistribution, (ms: number) => number>> = {
  uniform: (ms) => (ms - (MEAN_MS - JITTER_MS)) / (2 * JITTER_MS),
  normal: (ms) => normalCdf((ms - MEAN_MS) / JITTER_MS),
  // Shape 3 and scale 1, moved and stretched to the mean and the standard deviation.
  pareto: (ms) => 1 - (((ms - MEAN_MS) / JITTER_MS) * Math.sqrt(0.75) + 1.5) ** -3,
}

for (const distribution of Object.keys(CDF) as JitterDistribution[])
  t.test(`${distribution}: chi-square, mean`, async (t) => {
    const samples = delays({ kind: 'delay', ms: MEAN_MS, jitterMs: JITTER_MS, distribution })
    const statistic = chiSquare(samples, CDF[distribution], BINS)
    t.ok(statistic < chiSquareLimit(BINS), `chi-square ${statistic}, limit ${chiSquareLimit(BINS)}`)
    const mean = samples.reduce((sum, ms) => sum + ms) / samples.length
    t.ok(Math.abs(mean - MEAN_MS) < (4 * JITTER_MS) / Math.sqrt(samples.length), `mean ${mean} ms`)
    for (const other of Object.keys(CDF) as JitterDistribution[])
      if (other !== distribution)
        t.ok(!(chiSquare(samples, (ms) => Math.max(0, CDF[other](ms)), BINS) < 1_000), `it is not ${other}`)
  })

t.test('uniform: half-width; Pareto: least delay', async (t) => {
  const uniform = delays({ kind: 'delay', ms: MEAN_MS, jitterMs: JITTER_MS })
  t.ok(uniform.every((ms) => ms > MEAN_MS - JITTER_MS - 1e-9 && ms < MEAN_MS + JITTER_MS))
  const pareto = delays({ kind: 'delay', ms: MEAN_MS, jitterMs: JITTER_MS, distribution: 'pareto' })
  t.ok(Math.min(...pareto) >= MEAN_MS - JITTER_MS / Math.sqrt(3) - 1e-9)
  t.ok(Math.max(...pareto) > MEAN_MS + 5 * JITTER_MS, 'the tail is long')
})

t.test('a delay never falls below 0', async (t) => {
  const samples = delays({ kind: 'delay', ms: 10, jitterMs: 10, distribution: 'normal' })
  t.ok(Math.min(...samples) === 0)
})

t.test('without jitter the delay is exact', async (t) => {
  const { sent, deliveries } = run([{ kind: 'delay', ms: 20 }])
  t.ok(deliveries.every((times, i) => times.length === 1 && times[0] === sent[i]! + 20))
})

t.test('packets wait for those ahead unless the delay reorders', async (t) => {
  const ordered = run([{ kind: 'delay', ms: 20, jitterMs: 10 }]).deliveries.flat()
  t.ok(ordered.every((at, i) => i === 0 || at >= ordered[i - 1]!))
  const free = run([{ kind: 'delay', ms: 20, jitterMs: 10, reorders: true }]).deliveries.flat()
  t.ok(free.some((at, i) => i > 0 && at < free[i - 1]!))
})
