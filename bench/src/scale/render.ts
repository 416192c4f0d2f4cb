import { type PageSection, renderPage } from '../page.js'
import type { Environment } from '../report.js'
import { figure, renderTable } from '../table.js'
import type { ScaleResult } from './measure.js'
import type { ScalePoint } from './points.js'

const AXES: readonly { readonly axis: ScalePoint['axis']; readonly title: string }[] = [
  { axis: 'lbs', title: 'More LBs, one VIP' },
  { axis: 'vips', title: 'More VIPs, four LBs' },
  { axis: 'flows', title: 'More flows, four LBs, one VIP' },
]

/** What grew, and what that cost, as a table per axis. */
export function scaleTables(results: readonly ScaleResult[]): { readonly title: string; readonly rows: string[][] }[] {
  return AXES.map(({ axis, title }) => {
    const own = results.filter(({ point }) => point.axis === axis)
    const base = own[0]?.cpuMicros
    return {
      title,
      rows: [
        [axis, 'start ms', 'requests/s', 'CPU µs', 'against the first', 'uplink', 'LBs', 'downlink', 'MiB', 'errors'],
        ...own.map(({ point, startMs, requestsPerSecond, cpuMicros, byHop, rssBytes, errors }) => [
          point.value.toLocaleString('en'),
          figure(startMs),
          figure(requestsPerSecond),
          figure(cpuMicros),
          base === undefined ? '-' : (cpuMicros / base).toFixed(2),
          figure(byHop.uplink),
          figure(byHop.lbs),
          figure(byHop.downlink),
          figure(rssBytes / 2 ** 20),
          Object.entries(errors)
            .map(([code, count]) => `${code} ${count}`)
            .join(', ') || '-',
        ]),
      ],
    }
  }).filter(({ rows }) => rows.length > 1)
}

export function renderScale(results: readonly ScaleResult[]): string {
  return scaleTables(results)
    .map(({ title, rows }) => `${title}\n${renderTable(rows)}`)
    .join('\n')
}

export function scalePage(
  environment: Environment,
  results: readonly ScaleResult[],
  seconds: number,
  rounds: number,
): string {
  const sections: PageSection[] = scaleTables(results).map(({ title, rows }) => ({ title, table: rows }))
  return renderPage({
    title: 'What growth costs',
    lead: 'The same load on clusters of more LBs, of more VIPs, and beside more flows: CPU time of both switches and all LBs for each request, and the time from starting a cluster to its first answer.',
    environment,
    facts: { rounds: `${rounds} of ${seconds} s` },
    sections,
  })
}
