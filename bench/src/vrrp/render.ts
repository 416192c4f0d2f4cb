import { figure, renderTable } from '../table.js'
import type { Measurement } from './measurement.js'

/**
 * Renders tables of the measurements on both clusters.
 * @param newFlowsPerSecond what each LB could carry
 */
export function renderMeasurements(measurements: readonly Measurement[], newFlowsPerSecond: number): string {
  return [
    `Each LB carries ${newFlowsPerSecond} new flows a second. Capacity: highest rate, in steps of half an LB, at which less than 1 % fail`,
    renderTable([
      ['', 'capacity req/s', 'in LBs', 'shares per LB, %', 'chi-square', 'p'],
      ...measurements.map(({ topology, capacity, evenness }) => [
        topology,
        figure(capacity),
        figure(capacity / newFlowsPerSecond),
        evenness.shares.map((share) => (100 * share).toFixed(1)).join(' '),
        figure(evenness.chiSquare),
        evenness.pValue < 0.001 ? '< 0.001' : evenness.pValue.toFixed(3),
      ]),
    ]),
    'An LB is killed under load that one LB can carry',
    renderTable([
      ['', 'killed', 'req/s', 'outage ms', 'failed', 'of', 'per cause'],
      ...measurements.map(({ topology, takeover }) => [
        topology,
        takeover.killed,
        figure(takeover.ratePerSecond),
        figure(takeover.outageMs),
        String(takeover.failed),
        String(takeover.completed + takeover.failed),
        Object.entries(takeover.errors)
          .map(([code, count]) => `${code} ${count}`)
          .join(', ') || '-',
      ]),
    ]),
  ].join('\n')
}
