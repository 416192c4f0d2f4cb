import { HdrHistogram, HdrLog, percentileLines } from '@fivetuple/client'
import fc from 'fast-check'
import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import t from 'tap'

const NS_PER_MS = 1_000_000
const encoded = (latencies: readonly number[]): string => {
  const histogram = new HdrHistogram()
  for (const latency of latencies) histogram.add(latency)
  return histogram.encode()
}

t.test('property: another implementation reads the same values', (t) => {
  const latency = fc.double({ min: 0.000_001, max: 600_000, noNaN: true })
  fc.assert(
    fc.property(fc.array(latency, { minLength: 1, maxLength: 200 }), (latencies) => {
      const decoded = decodeFromCompressedBase64(encoded(latencies))
      const sorted = latencies.map((value) => Math.round(value * NS_PER_MS)).sort((a, b) => a - b)
      if (decoded.totalCount !== latencies.length) return false
      return [25, 50, 90].every((percentile) => {
        const exact = sorted[Math.ceil((percentile / 100) * sorted.length) - 1]!
        return Math.abs(decoded.getValueAtPercentile(percentile) - exact) <= exact / 1_000
      })
    }),
    { numRuns: 100 },
  )
  t.end()
})

t.test('values at the bounds of buckets, and out of range', (t) => {
  for (const ns of [0, 1, 2_047, 2_048, 4_095, 4_096, 2 ** 32 - 1, 2 ** 32, 2 ** 41]) {
    const decoded = decodeFromCompressedBase64(encoded([ns / NS_PER_MS]))
    t.ok(Math.abs(decoded.getValueAtPercentile(50) - ns) <= ns / 1_000, `${ns} ns`)
  }
  const hour = decodeFromCompressedBase64(encoded([2 * 3_600_000])).getValueAtPercentile(50)
  t.ok(Math.abs(hour - 3_600_000 * NS_PER_MS) < hour / 1_000, 'more than an hour counts as an hour')
  t.end()
})

t.test('a log has a line per interval and tag, and none without a value', (t) => {
  const log = new HdrLog()
  t.match(log.head(new Date(1_500)), /^#\[Histogram log format version 1\.3\]\n#\[StartTime: 1\.500 \(seconds/)
  log.add('web', 1.5, true)
  log.add('http://x/?a,b', 2, true)
  log.add('web', 30, false)
  const lines = log.flush(1_000).trim().split('\n')
  t.same(
    lines.map((line) => line.split(',').slice(0, 4)),
    [
      ['Tag=web', '0.000', '1.000', '1.500'],
      ['Tag=web-failed', '0.000', '1.000', '30.000'],
      ['Tag=http://x/?a_b', '0.000', '1.000', '2.000'],
    ],
  )
  t.equal(log.flush(2_000), '')
  log.add('web', 4, true)
  const [line = ''] = log.flush(3_500).split('\n')
  t.match(line, /^Tag=web,2\.000,1\.500,4\.000,HIST/)
  t.equal(decodeFromCompressedBase64(line.split(',')[4]!).totalCount, 1, 'an interval begins empty')
  t.end()
})

t.test('percentile lines are exact', (t) => {
  const lines = percentileLines(Float64Array.from({ length: 1_000 }, (_, i) => 1_000 - i)).split('\n')
  t.match(lines[0], /Value +Percentile TotalCount 1\/\(1-Percentile\)/)
  t.match(lines[2], /^ +1\.000 0\.000000000000 +1 +1\.00$/)
  t.ok(lines.some((line) => /^ +500\.000 0\.500000000000 +500 +2\.00$/.test(line)))
  t.ok(lines.some((line) => /^ +1000\.000 1\.000000000000 +1000$/.test(line)))
  t.match(lines.at(-3), /^#\[Mean += {2,}500\.500, StdDeviation += {2,}288\.675\]$/)
  t.match(lines.at(-2), /^#\[Max += {2,}1000\.000, Total count += {2,}1000\]$/)
  t.match(percentileLines(new Float64Array()), /Total count += {2,}0\]/)
  t.end()
})
