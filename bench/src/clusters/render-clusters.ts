import { median, ratioOf } from '../statistics.js'
import { figure, renderTable } from '../table.js'
import { CLUSTER_SCENARIOS, type ClusterMeasurement, type ClusterSegment } from './compare-clusters.js'

const KINDS = ['uplink', 'lbs', 'downlink', 'backends'] as const

/** Tables of what was measured; ratios are to the first measurement, round by round. */
export function renderClusters(measurements: readonly ClusterMeasurement[]): string {
  const [base] = measurements
  if (base === undefined) return ''
  const speed = [['scenario', 'cluster', 'req/s', 'ratio', 'p50 ms', 'p99 ms', 'ratio', 'busiest card', 'errors']]
  const cpu = [['scenario', 'cluster', ...KINDS, 'fabric', 'ratio']]
  for (const { name } of CLUSTER_SCENARIOS)
    for (const { contender, segments } of measurements) {
      const own = segments[name]!
      const first = base.segments[name]!
      const busiest = own.map(({ cardShares }) => (cardShares.length === 0 ? Number.NaN : Math.max(...cardShares)))
      speed.push([
        name,
        contender,
        figure(median(own.map(({ requestsPerSecond }) => requestsPerSecond))),
        ratio(first, own, ({ requestsPerSecond }) => requestsPerSecond),
        figure(median(own.map(({ p50Ms }) => p50Ms))),
        figure(median(own.map(({ p99Ms }) => p99Ms))),
        ratio(first, own, ({ p99Ms }) => p99Ms),
        Number.isNaN(busiest[0]!) ? '-' : `${figure(median(busiest) * 100)} %`,
        String(own.reduce((sum, { errors }) => sum + errors, 0)),
      ])
      cpu.push([
        name,
        contender,
        ...KINDS.map((kind) => figure(median(own.map(({ cpuMicros }) => cpuMicros[kind]!)))),
        figure(median(own.map(fabric))),
        ratio(first, own, fabric),
      ])
    }
  return [
    'Medians; ratios to the first line of a scenario are medians of the rounds [lowest to highest]',
    renderTable(speed),
    'CPU microseconds per request; fabric: both switches and all LBs',
    renderTable(cpu),
  ].join('\n')
}

function fabric({ cpuMicros }: ClusterSegment): number {
  return cpuMicros.uplink! + cpuMicros.lbs! + cpuMicros.downlink!
}

function ratio(
  base: readonly ClusterSegment[],
  own: readonly ClusterSegment[],
  pick: (segment: ClusterSegment) => number,
): string {
  if (base === own) return ''
  const spread = ratioOf(base.map(pick), own.map(pick))
  return spread === undefined ? '-' : `${figure(spread.median)} [${figure(spread.min)}-${figure(spread.max)}]`
}
