import { renderDifferences } from '@fivetuple/bench'
import t from 'tap'

type Measurement = Parameters<typeof renderDifferences>[0][0]
type Segment = Measurement['segments'][string][number]

const SCENARIOS = ['keep-alive-64', 'keep-alive-256', 'new-connections']

function measured(contender: string, rates: readonly number[], p99Ms: number, cpu: number): Measurement {
  const segments = rates.map(
    (requestsPerSecond): Segment => ({
      requests: 1_000,
      requestsPerSecond,
      p50Ms: 1,
      p99Ms,
      errors: 0,
      cpuMicros: { launcher: 0, uplink: cpu, lbs: cpu, downlink: cpu, backends: 1 },
      cardShares: [],
    }),
  )
  return { contender, segments: Object.fromEntries(SCENARIOS.map((name) => [name, segments])) }
}

t.test('each measure differs by so many per cent, and lies within the limit or not', async (t) => {
  const other = measured('other', [100, 100, 100], 10, 20)
  const current = measured('this', [97, 102, 101], 11, 20)
  const lines = renderDifferences([other, current], 3).split('\n')
  t.equal(lines.length, 9)
  t.strictSame(lines.slice(0, 3), [
    "keep-alive-64: requests/s of 'this' +1.0 % [−3.0 to +2.0]: within 3 %",
    "keep-alive-64: p99 latency of 'this' +10.0 % [+10.0 to +10.0]: not within 3 %",
    "keep-alive-64: CPU of the fabric per request of 'this' +0.0 % [+0.0 to +0.0]: within 3 %",
  ])
})

t.test('rounds that differ in both directions are named', async (t) => {
  const [line] = renderDifferences([measured('a', [100, 100, 100], 1, 1), measured('b', [90, 95, 101], 1, 1)], 3).split(
    '\n',
  )
  t.match(line, /−5.0 % .*: not within 3 %, though rounds differ in both directions/)
})
