import type { Spread } from '../statistics.js'
import { figure, renderTable } from '../table.js'
import {
  type ChainResult,
  cpuMicrosOf,
  errorsOf,
  fabricCpuMicrosOf,
  hopsOf,
  MEBIBYTE,
  measuredWays,
  medianOf,
  p50Ms,
  p99Ms,
  ratioTo,
  speedOf,
} from './result.js'
import { WAYS, type WayName } from './way.js'

/** A comparison as tables: text for a terminal, cells for a page. */
export interface ChainTables {
  readonly speed: readonly (readonly string[])[]
  readonly ratios: readonly (readonly string[])[]
  readonly cpu: readonly (readonly string[])[]
  readonly memory: readonly (readonly string[])[]
}

export function chainTables(results: readonly ChainResult[]): ChainTables {
  return {
    speed: [
      ['case', 'way', 'speed', '', 'p50 ms', 'p99 ms', 'CPU µs', 'per', 'errors'],
      ...results.flatMap((result) => measuredWays(result).map((way) => speedRow(result, way))),
    ],
    ratios: [
      ['case', 'against', 'speed', 'p99', 'CPU'],
      ...results.flatMap((result) =>
        measuredWays(result)
          .filter((way) => way !== 'fivetuple' && measuredWays(result).includes('fivetuple'))
          .map((way) => [
            result.name,
            way,
            ratio(ratioTo(result, way, speedOf(result))),
            ratio(ratioTo(result, way, p99Ms)),
            way === 'direct' ? '-' : ratio(ratioTo(result, way, fabricCpuMicrosOf(result))),
          ]),
      ),
    ],
    cpu: [
      ['case', 'way', 'load', 'hops', 'in all', 'backends'],
      ...results.flatMap((result) => measuredWays(result).map((way) => cpuRow(result, way))),
    ],
    memory: [['way', 'hops', 'in all', 'after'], ...WAYS.flatMap((way) => memoryRows(results, way))],
  }
}

/** Tables of a comparison in plain text. */
export function renderChain(results: readonly ChainResult[]): string {
  const { speed, ratios, cpu, memory } = chainTables(results)
  return [
    'Medians of the rounds. CPU: all processes between client and backend',
    renderTable(speed),
    'fivetuple / other way: median of the rounds [lowest to highest]',
    renderTable(ratios),
    'CPU µs for each request or MiB by process; hops in the order in which requests meet them',
    renderTable(cpu),
    'Resident memory, MiB, after the case that took most',
    renderTable(memory),
  ].join('\n')
}

function speedRow(result: ChainResult, way: WayName): string[] {
  const errors = Object.entries(errorsOf(result, way)).map(([cause, count]) => `${cause} ${count}`)
  return [
    result.name,
    way,
    figure(medianOf(result, way, speedOf(result))),
    result.unit === 'requests' ? 'req/s' : 'MiB/s',
    figure(medianOf(result, way, p50Ms)),
    figure(medianOf(result, way, p99Ms)),
    way === 'direct' ? '-' : figure(medianOf(result, way, fabricCpuMicrosOf(result))),
    result.unit === 'requests' ? 'request' : 'MiB',
    errors.join(', ') || '0',
  ]
}

function cpuRow(result: ChainResult, way: WayName): string[] {
  const of = (kind: string): string => figure(medianOf(result, way, cpuMicrosOf(result, kind)))
  const hops = hopsOf(result.segments[way]!.at(-1)!)
  return [
    result.name,
    way,
    of('load'),
    hops.map((hop) => `${hop} ${of(hop)}`).join(', ') || '-',
    way === 'direct' ? '-' : figure(medianOf(result, way, fabricCpuMicrosOf(result))),
    of('backends'),
  ]
}

/** After the case that took most; nothing for a way without processes of its own. */
function memoryRows(results: readonly ChainResult[], way: WayName): string[][] {
  const rows = results.flatMap((result) => {
    const last = result.segments[way]?.at(-1)
    if (last === undefined || hopsOf(last).length === 0) return []
    const hops = hopsOf(last).map((hop) => [hop, (last.rssBytes[hop] ?? Number.NaN) / MEBIBYTE] as const)
    return [{ name: result.name, hops, all: hops.reduce((sum, [, mebibytes]) => sum + mebibytes, 0) }]
  })
  const most = rows.reduce<(typeof rows)[number] | undefined>((a, b) => (a && a.all >= b.all ? a : b), undefined)
  if (most === undefined) return []
  return [
    [way, most.hops.map(([hop, mebibytes]) => `${hop} ${figure(mebibytes)}`).join(', '), figure(most.all), most.name],
  ]
}

function ratio(spread: Spread | undefined): string {
  if (spread === undefined) return '-'
  return `${spread.median.toFixed(2)} [${spread.min.toFixed(2)} to ${spread.max.toFixed(2)}]`
}
