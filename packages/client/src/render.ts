import type { ProbeReport } from './probe.js'
import type { Quantiles } from './quantiles.js'

const ms = (value: number | null): string => (value === null ? '-' : `${value.toFixed(value < 10 ? 2 : 0)} ms`)

/** The report for people. */
export function renderReport(report: ProbeReport): string {
  const { answered, failed, unfinished, elapsedMs, latency, failureLatency, lag, errors, outages, flows } = report
  const lines = [
    `${answered} answered, ${failed} failed${unfinished > 0 ? `, ${unfinished} unfinished` : ''} in ${(elapsedMs / 1000).toFixed(1)} s`,
    `latency from the moment due  ${quantiles(latency)}`,
  ]
  if (failed > 0) {
    lines.push(`failures took                ${quantiles(failureLatency)}`)
    lines.push(`errors                       ${counts(errors)}`)
  }
  lines.push(`of it the probe's own lag    ${quantiles(lag)}`)
  for (const { fromMs, toMs, due, failed: lost } of outages)
    lines.push(`failures from ${fromMs} to ${toMs} ms: ${lost} of ${due} requests due then`)
  lines.push(`flows                        ${flows.opened} opened, ${flows.answered} answered, ${flows.moves} moves`)
  if (Object.keys(flows.byLb).length > 0) lines.push(`  by LB                      ${counts(flows.byLb)}`)
  else lines.push(`  by source at the backend   ${counts(flows.byBip)}`)
  lines.push(`  by backend                 ${counts(flows.byBackend)}`)
  if (Object.keys(flows.ends).length > 0) lines.push(`  ended by                   ${counts(flows.ends)}`)
  return `${lines.join('\n')}\n`
}

function quantiles({ p50, p90, p99, p999, max }: Quantiles): string {
  return `p50 ${ms(p50)}, p90 ${ms(p90)}, p99 ${ms(p99)}, p99.9 ${ms(p999)}, max ${ms(max)}`
}

function counts(of: Readonly<Record<string, number>>): string {
  return (
    Object.entries(of)
      .map(([key, n]) => `${key} ${n}`)
      .join(', ') || '-'
  )
}
