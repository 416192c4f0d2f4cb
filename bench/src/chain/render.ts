import type { Segment } from '../segment.js'
import { median, ratioOf, type Spread } from '../statistics.js'
import { figure, renderTable } from '../table.js'
import type { ChainResult } from './measure.js'
import { WAYS, type WayName } from './way.js'

const MEBIBYTE = 1024 ** 2
/** Not part of what carries the requests. */
const ENDS: readonly string[] = ['load', 'backends']

/** Speed in what the case counts, per second. */
export function speedOf({ unit }: ChainResult): (segment: Segment) => number {
  return unit === 'requests' ? (segment) => segment.requestsPerSecond : (segment) => segment.bytesPerSecond
}

/** CPU µs per request in all processes between client and backend. */
export function fabricCpuMicros({ cpuSecondsPer1000 }: Segment): number {
  const parts = Object.entries(cpuSecondsPer1000).filter(([kind]) => !ENDS.includes(kind))
  return parts.reduce((sum, [, seconds]) => sum + seconds, 0) * 1000
}

/** How a way compares with another one in what `pick` takes of a segment, round by round; undefined without rounds. */
export function ratioBetween(
  { segments }: ChainResult,
  base: WayName,
  other: WayName,
  pick: (segment: Segment) => number,
): Spread | undefined {
  const from = segments[base]
  const to = segments[other]
  return from && to ? ratioOf(from.map(pick), to.map(pick)) : undefined
}

/** Tables of a comparison in plain text. */
export function renderChain(results: readonly ChainResult[]): string {
  const rows = results.flatMap((result) =>
    WAYS.flatMap((way) => {
      const segments = result.segments[way]
      if (segments === undefined || segments.length === 0) return []
      const of = (pick: (segment: Segment) => number): number => median(segments.map(pick))
      const speed = of(speedOf(result))
      return [
        [
          `${result.case} ${way}`,
          result.unit === 'requests' ? `${figure(speed)} req/s` : `${figure(speed / MEBIBYTE)} MiB/s`,
          figure(of(({ p50Ms }) => p50Ms)),
          figure(of(({ p99Ms }) => p99Ms)),
          way === 'direct' ? '-' : figure(of(fabricCpuMicros)),
          String(segments.reduce((sum, { errors }) => sum + Object.values(errors).reduce((a, b) => a + b, 0), 0)),
        ],
      ]
    }),
  )
  const ratios = results.flatMap((result) =>
    WAYS.filter((way) => way !== 'fivetuple' && (result.segments[way]?.length ?? 0) > 0).map((way) => [
      `${result.case} / ${way}`,
      ratio(ratioBetween(result, way, 'fivetuple', speedOf(result))),
      ratio(ratioBetween(result, way, 'fivetuple', ({ p99Ms }) => p99Ms)),
      way === 'direct' ? '-' : ratio(ratioBetween(result, way, 'fivetuple', fabricCpuMicros)),
    ]),
  )
  return [
    'Medians; CPU is that of all processes between client and backend',
    renderTable([['case and way', 'speed', 'p50 ms', 'p99 ms', 'CPU µs/request', 'errors'], ...rows]),
    'fivetuple / other way: median of the rounds [lowest to highest]',
    renderTable([['case', 'speed', 'p99', 'CPU per request'], ...ratios]),
  ].join('\n')
}

function ratio(spread: Spread | undefined): string {
  if (spread === undefined) return '-'
  return `${spread.median.toFixed(2)} [${spread.min.toFixed(2)} to ${spread.max.toFixed(2)}]`
}
