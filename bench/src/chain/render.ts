import type { Spread } from '../statistics.js'
import { figure, renderTable } from '../table.js'
import { CONTENDERS, type ContenderName } from './contender.js'
import {
  type ChainResult,
  cpuMicrosOf,
  errorsOf,
  fabricCpuMicrosOf,
  hopsOf,
  MEBIBYTE,
  measuredContenders,
  medianOf,
  p50Ms,
  p99Ms,
  ratioTo,
  speedOf,
} from './result.js'

/** Comparison as tables: text for a terminal, cells for a page. */
export interface ChainTables {
  readonly speed: readonly (readonly string[])[]
  readonly ratios: readonly (readonly string[])[]
  readonly cpu: readonly (readonly string[])[]
  readonly memory: readonly (readonly string[])[]
}

export function chainTables(results: readonly ChainResult[]): ChainTables {
  return {
    speed: [
      ['case', 'contender', 'speed', '', 'p50 ms', 'p99 ms', 'CPU µs', 'per', 'errors'],
      ...results.flatMap((result) => measuredContenders(result).map((contender) => speedRow(result, contender))),
    ],
    ratios: [
      ['case', 'against', 'speed', 'p99', 'CPU'],
      ...results.flatMap((result) =>
        measuredContenders(result)
          .filter((contender) => contender !== 'fivetuple' && measuredContenders(result).includes('fivetuple'))
          .map((contender) => [
            result.name,
            contender,
            ratio(ratioTo(result, contender, speedOf(result))),
            ratio(ratioTo(result, contender, p99Ms)),
            contender === 'direct' ? '-' : ratio(ratioTo(result, contender, fabricCpuMicrosOf(result))),
          ]),
      ),
    ],
    cpu: [
      ['case', 'contender', 'load', 'hops', 'in all', 'backends'],
      ...results.flatMap((result) => measuredContenders(result).map((contender) => cpuRow(result, contender))),
    ],
    memory: [
      ['contender', 'hops', 'in all', 'after'],
      ...CONTENDERS.flatMap((contender) => memoryRows(results, contender)),
    ],
  }
}

/** Renders the tables of a comparison in plain text. */
export function renderChain(results: readonly ChainResult[]): string {
  const { speed, ratios, cpu, memory } = chainTables(results)
  return [
    'Medians of the rounds. CPU: all processes between client and backend',
    renderTable(speed),
    'fivetuple / other contender: median of the rounds [lowest to highest]',
    renderTable(ratios),
    'CPU µs for each request or MiB by process; hops in the order in which requests meet them',
    renderTable(cpu),
    'Resident memory, MiB, after the case that took most',
    renderTable(memory),
  ].join('\n')
}

function speedRow(result: ChainResult, contender: ContenderName): string[] {
  const errors = Object.entries(errorsOf(result, contender)).map(([cause, count]) => `${cause} ${count}`)
  return [
    result.name,
    contender,
    figure(medianOf(result, contender, speedOf(result))),
    result.unit === 'requests' ? 'req/s' : 'MiB/s',
    figure(medianOf(result, contender, p50Ms)),
    figure(medianOf(result, contender, p99Ms)),
    contender === 'direct' ? '-' : figure(medianOf(result, contender, fabricCpuMicrosOf(result))),
    result.unit === 'requests' ? 'request' : 'MiB',
    errors.join(', ') || '0',
  ]
}

function cpuRow(result: ChainResult, contender: ContenderName): string[] {
  const of = (kind: string): string => figure(medianOf(result, contender, cpuMicrosOf(result, kind)))
  const hops = hopsOf(result.segments[contender]!.at(-1)!)
  return [
    result.name,
    contender,
    of('load'),
    hops.map((hop) => `${hop} ${of(hop)}`).join(', ') || '-',
    contender === 'direct' ? '-' : figure(medianOf(result, contender, fabricCpuMicrosOf(result))),
    of('backends'),
  ]
}

/** Memory after the case that took most; empty for a contender without processes of its own. */
function memoryRows(results: readonly ChainResult[], contender: ContenderName): string[][] {
  const rows = results.flatMap((result) => {
    const last = result.segments[contender]?.at(-1)
    if (last === undefined || hopsOf(last).length === 0) return []
    const hops = hopsOf(last).map((hop) => [hop, (last.rssBytes[hop] ?? Number.NaN) / MEBIBYTE] as const)
    return [{ name: result.name, hops, all: hops.reduce((sum, [, mebibytes]) => sum + mebibytes, 0) }]
  })
  const most = rows.reduce<(typeof rows)[number] | undefined>((a, b) => (a && a.all >= b.all ? a : b), undefined)
  if (most === undefined) return []
  return [
    [
      contender,
      most.hops.map(([hop, mebibytes]) => `${hop} ${figure(mebibytes)}`).join(', '),
      figure(most.all),
      most.name,
    ],
  ]
}

function ratio(spread: Spread | undefined): string {
  if (spread === undefined) return '-'
  return `${spread.median.toFixed(2)} [${spread.min.toFixed(2)} to ${spread.max.toFixed(2)}]`
}
