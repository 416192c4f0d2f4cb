import { ratioOf, type Spread, spreadOf } from '../statistics.js'
import { figure, renderTable } from '../table.js'
import { CLUSTER_SCENARIOS, type ClusterMeasurement, type ClusterSegment } from './compare-clusters.js'

const KINDS = ['uplink', 'lbs', 'downlink', 'backends', 'launcher'] as const

type Pick = (segment: ClusterSegment) => number

/** Renders tables of the measurements. Ratios are to the first measurement, round by round. */
export function renderClusters(measurements: readonly ClusterMeasurement[]): string {
  const [base] = measurements
  if (base === undefined) return ''
  const speed = [['scenario', 'cluster', 'req/s', 'ratio', 'p50 ms', 'p99 ms', 'ratio', 'busiest card', 'errors']]
  const cpu = [['scenario', 'cluster', ...KINDS, 'fabric', 'ratio']]
  for (const { name } of CLUSTER_SCENARIOS)
    for (const { contender, segments } of measurements) {
      const own = segments[name]!
      const first = base.segments[name]!
      const isBase = own === first
      speed.push([
        name,
        contender,
        withSpread(spreadOf(own.map(requestsPerSecond))),
        isBase ? '' : withSpread(ratioOf(first.map(requestsPerSecond), own.map(requestsPerSecond))),
        withSpread(spreadOf(own.map(({ p50Ms }) => p50Ms))),
        withSpread(spreadOf(own.map(p99Ms))),
        isBase ? '' : withSpread(ratioOf(first.map(p99Ms), own.map(p99Ms))),
        busiestCard(own),
        String(own.reduce((sum, { errors }) => sum + errors, 0)),
      ])
      cpu.push([
        name,
        contender,
        ...KINDS.map((kind) => figure(spreadOf(own.map(({ cpuMicros }) => cpuMicros[kind]!)).median)),
        withSpread(spreadOf(own.map(fabric))),
        isBase ? '' : withSpread(ratioOf(first.map(fabric), own.map(fabric))),
      ])
    }
  return [
    'Medians [lowest to highest]; ratios to the first line of a scenario, round by round',
    renderTable(speed),
    'CPU microseconds per request; fabric: both switches, all LBs and the launcher',
    renderTable(cpu),
  ].join('\n')
}

/**
 * Returns one sentence per scenario and measure: the difference of the second measurement from the
 * first in per cent, and whether it is within a limit. Ratios are medians of the rounds.
 *
 * @param limitPercent difference that counts as none, per cent
 */
export function renderDifferences(
  [base, other]: readonly [ClusterMeasurement, ClusterMeasurement],
  limitPercent: number,
): string {
  const measures: readonly (readonly [string, Pick])[] = [
    ['requests/s', requestsPerSecond],
    ['p99 latency', p99Ms],
    ['CPU of the fabric per request', fabric],
  ]
  return CLUSTER_SCENARIOS.flatMap(({ name }) =>
    measures.map(([measure, pick]) => {
      const spread = ratioOf(base.segments[name]!.map(pick), other.segments[name]!.map(pick))
      return `${name}: ${measure} of '${other.contender}' ${difference(spread, limitPercent)}`
    }),
  ).join('\n')
}

function difference(ratio: Spread | undefined, limitPercent: number): string {
  if (ratio === undefined) return 'could not be compared'
  const percent = (share: number): number => (share - 1) * 100
  const [median, min, max] = [percent(ratio.median), percent(ratio.min), percent(ratio.max)]
  const isWithin = Math.abs(median) <= limitPercent
  // If rounds lie on both sides, noise alone may explain the difference.
  const isNoise = !isWithin && min < 0 && max > 0 ? ', though rounds differ in both directions' : ''
  const words = isWithin ? `within ${limitPercent} %` : `not within ${limitPercent} %${isNoise}`
  return `${signed(median)} % [${signed(min)} to ${signed(max)}]: ${words}`
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`
}

function requestsPerSecond(segment: ClusterSegment): number {
  return segment.requestsPerSecond
}

function p99Ms(segment: ClusterSegment): number {
  return segment.p99Ms
}

function fabric({ cpuMicros }: ClusterSegment): number {
  return cpuMicros.uplink! + cpuMicros.lbs! + cpuMicros.downlink! + cpuMicros.launcher!
}

function busiestCard(segments: readonly ClusterSegment[]): string {
  const shares = segments.map(({ cardShares }) => (cardShares.length === 0 ? Number.NaN : Math.max(...cardShares)))
  return Number.isNaN(shares[0]!) ? '-' : `${figure(spreadOf(shares).median * 100)} %`
}

function withSpread(spread: Spread | undefined): string {
  return spread === undefined ? '-' : `${figure(spread.median)} [${figure(spread.min)}-${figure(spread.max)}]`
}
