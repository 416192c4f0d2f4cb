import type { Comparison } from './compare.js'
import type { Segment } from './segment.js'
import { median, ratioOf, type Spread } from './statistics.js'
import { figure, renderTable } from './table.js'

const KINDS = ['load', 'uplink', 'lbs', 'downlink', 'backends'] as const
const MEBIBYTE = 1024 ** 2

/** Renders tables of the measurements: throughput and latency, CPU per kind of process, memory. */
export function renderComparisons(comparisons: readonly Comparison[]): string {
  const whole = comparisons.filter(({ direct }) => direct.length > 0)
  return [
    'Medians; ratios are through the VIP / direct to one backend, median of the rounds [lowest to highest]',
    renderTable([
      ['scenario', 'req/s direct', 'through', 'ratio', 'MiB/s through', 'p99 ms direct', 'through', 'ratio', 'errors'],
      ...whole.map(speedRow),
    ]),
    'CPU seconds per 1000 requests',
    renderTable([['scenario', ...KINDS, 'all'], ...whole.flatMap(cpuRows)]),
    'Resident memory at the end, MiB, all processes of a kind',
    renderTable([
      ['scenario', ...KINDS],
      ...whole.map(({ scenario, through }) => [
        scenario,
        ...KINDS.map((kind) => figure((through.at(-1)!.rssBytes[kind] ?? Number.NaN) / MEBIBYTE)),
      ]),
    ]),
  ].join('\n')
}

function speedRow({ scenario, direct, through }: Comparison): string[] {
  const of = (segments: readonly Segment[], pick: (segment: Segment) => number): number[] => segments.map(pick)
  const rate = (segment: Segment): number => segment.requestsPerSecond
  const p99 = (segment: Segment): number => segment.p99Ms
  const errors = [...direct, ...through].flatMap((segment) => Object.values(segment.errors))
  return [
    scenario,
    figure(median(of(direct, rate))),
    figure(median(of(through, rate))),
    ratio(ratioOf(of(direct, rate), of(through, rate))),
    figure(median(of(through, (segment) => segment.bytesPerSecond)) / MEBIBYTE),
    figure(median(of(direct, p99))),
    figure(median(of(through, p99))),
    ratio(ratioOf(of(direct, p99), of(through, p99))),
    String(errors.reduce((sum, n) => sum + n, 0)),
  ]
}

function cpuRows({ scenario, direct, through }: Comparison): string[][] {
  return (
    [
      ['direct', direct],
      ['through', through],
    ] as const
  ).map(([way, segments]) => {
    const cells = KINDS.map((kind) =>
      median(segments.map(({ cpuSeconds, requests }) => ((cpuSeconds[kind] ?? Number.NaN) * 1000) / requests)),
    )
    return [`${scenario} ${way}`, ...cells.map(figure), figure(cells.reduce((sum, cpu) => sum + cpu, 0))]
  })
}

function ratio(spread: Spread | undefined): string {
  if (spread === undefined) return '-'
  return `${spread.median.toFixed(2)} [${spread.min.toFixed(2)} to ${spread.max.toFixed(2)}]`
}
