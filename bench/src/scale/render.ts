import { type PageSection, renderPage } from '../page.js'
import type { Environment } from '../report.js'
import { figure, renderTable } from '../table.js'
import type { LoadName, ScaleResult } from './measure.js'
import type { ScalePoint } from './points.js'

const AXES: readonly { readonly axis: ScalePoint['axis']; readonly title: string }[] = [
  { axis: 'lbs', title: 'More LBs, one VIP' },
  { axis: 'vips', title: 'More VIPs, four LBs' },
  { axis: 'flows', title: 'More flows, four LBs, one VIP' },
]

const LOADS: readonly { readonly name: LoadName; readonly title: string }[] = [
  { name: 'closed', title: 'closed loop, 256 connections' },
  { name: 'paced', title: 'requests at a fixed rate' },
]

/** What grew, and what that cost, as a table per axis and load. */
export function scaleTables(results: readonly ScaleResult[]): { readonly title: string; readonly rows: string[][] }[] {
  return AXES.flatMap(({ axis, title }) => {
    const own = results.filter(({ point }) => point.axis === axis)
    return LOADS.map((load) => ({ title: `${title}; ${load.title}`, rows: rowsOf(axis, load.name, own) }))
  }).filter(({ rows }) => rows.length > 1)
}

function rowsOf(axis: ScalePoint['axis'], load: LoadName, results: readonly ScaleResult[]): string[][] {
  const base = results[0]?.loads[load].cpuMicros
  const head = [axis, 'start ms', 'requests/s', 'CPU µs', 'against the first', 'uplink', 'LBs', 'downlink']
  return [
    [...head, 'p50 ms', 'p99 ms', 'MiB', 'errors'],
    ...results.map(({ point, startMs, loads, rssBytes }) => {
      const { requestsPerSecond, cpuMicros, byHop, p50Ms, p99Ms, errors } = loads[load]
      return [
        point.value.toLocaleString('en'),
        figure(startMs),
        figure(requestsPerSecond),
        figure(cpuMicros),
        base === undefined ? '-' : (cpuMicros / base).toFixed(2),
        figure(byHop.uplink),
        figure(byHop.lbs),
        figure(byHop.downlink),
        figure(p50Ms),
        figure(p99Ms),
        figure(rssBytes / 2 ** 20),
        Object.entries(errors)
          .map(([code, count]) => `${code} ${count}`)
          .join(', ') || '-',
      ]
    }),
  ]
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
    lead: 'The same load on clusters of more LBs, of more VIPs, and beside more flows, once as many requests under way, once as many a second: CPU time of both switches and all LBs for each request, and the time from starting a cluster to its first answer.',
    environment,
    facts: { rounds: `${rounds} of ${seconds} s` },
    sections,
  })
}
