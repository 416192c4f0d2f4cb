import { type PageSection, renderPage } from '../page.js'
import type { Environment } from '../report.js'
import { figure, renderTable } from '../table.js'
import { drawGrowth } from './draw.js'
import type { LoadName, ScaleResult } from './measure.js'
import type { ScalePoint } from './points.js'

const AXES: readonly { readonly axis: ScalePoint['axis']; readonly words: string; readonly title: string }[] = [
  { axis: 'lbs', words: 'LBs', title: 'More LBs, one VIP' },
  { axis: 'vips', words: 'VIPs', title: 'More VIPs, four LBs' },
  { axis: 'flows', words: 'flows', title: 'More flows, four LBs, one VIP' },
]

const LOADS: readonly { readonly name: LoadName; readonly title: string }[] = [
  { name: 'closed', title: 'closed loop, 256 connections' },
  { name: 'paced', title: 'requests at a fixed rate' },
]

interface GrowthTable {
  readonly title: string
  readonly rows: string[][]
}

/** Growth along one axis and its cost: drawn, and as a table for each load. */
interface Growth {
  readonly title: string
  readonly svg: string
  readonly tables: readonly GrowthTable[]
}

function growths(results: readonly ScaleResult[]): Growth[] {
  return AXES.map(({ axis, words, title }) => {
    const own = results.filter(({ point }) => point.axis === axis)
    const tables = LOADS.map((load) => ({ title: `${title}; ${load.title}`, rows: rowsOf(axis, load.name, own) }))
    return { title, svg: drawGrowth(words, own), tables: tables.filter(({ rows }) => rows.length > 1) }
  }).filter(({ tables }) => tables.length > 0)
}

/** Returns a table per axis and load. */
export function scaleTables(results: readonly ScaleResult[]): GrowthTable[] {
  return growths(results).flatMap(({ tables }) => tables)
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
  const sections: PageSection[] = growths(results).flatMap(({ title, svg, tables }) => [
    { title, svg },
    ...tables.map(({ title, rows }) => ({ title, table: rows })),
  ])
  return renderPage({
    title: 'What growth costs',
    lead: 'The same load on clusters of more LBs, of more VIPs, and beside more flows, once as many requests under way, once as many a second: CPU time of both switches and all LBs for each request, and the time from starting a cluster to its first response.',
    environment,
    facts: { rounds: `${rounds} of ${seconds} s` },
    sections: [
      ...sections,
      {
        title: 'Method',
        words: [
          'For each point a cluster is started, with four backends of ours and everything as by default, warmed up until each LB has had some thousands of requests, loaded, and stopped. ' +
            'Start is the time from starting the command to the first response through the VIP, everything built.',
          'The closed loop has 256 requests under way on keep-alive connections, so that a faster cluster carries more and gathers larger batches; at a fixed rate it carries the same, and the more LBs there are, ' +
            'the more packets come alone. Flows beyond the connections of the load stand idle. CPU time is that of both switches and all LBs, health checks and routing included, from /proc/<pid>/stat, ' +
            'per request, median of the rounds. All processes share this machine’s CPUs.',
        ],
      },
    ],
  })
}
