import type { ProbeReport } from './probe.js'
import type { Quantiles } from './quantiles.js'

const ms = (value: number | null): string => (value === null ? '-' : `${value.toFixed(value < 10 ? 2 : 0)} ms`)

/** Formats the report for display. */
export function renderReport(report: ProbeReport): string {
  const { completed, failed, unfinished, elapsedMs, latency, failureLatency, lag, errors, outages, flows } = report
  const lines = [
    `${completed} completed, ${failed} failed${unfinished > 0 ? `, ${unfinished} unfinished` : ''} in ${(elapsedMs / 1000).toFixed(1)} s`,
    `latency from the due time     ${quantiles(latency)}`,
  ]
  if (failed > 0) {
    lines.push(`time to failure              ${quantiles(failureLatency)}`)
    lines.push(`errors                       ${counts(errors)}`)
  }
  lines.push(`of which the probe's lag      ${quantiles(lag)}`)
  for (const { fromMs, toMs, due, failed: failedThen } of outages)
    lines.push(`failures from ${fromMs} to ${toMs} ms: ${failedThen} of ${due} requests due then`)
  lines.push(
    `flows                        ${flows.opened} opened, ${flows.withResponse} with a response, ${flows.translationChanges} translation changes`,
  )
  if (Object.keys(flows.perLb).length > 0) lines.push(`  per LB                      ${counts(flows.perLb)}`)
  else lines.push(`  per source at the backend   ${counts(flows.perBip)}`)
  lines.push(`  per backend                 ${counts(flows.perBackend)}`)
  if (Object.keys(flows.ends).length > 0) lines.push(`  ended by                    ${counts(flows.ends)}`)
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
