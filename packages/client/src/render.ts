import type { ProbeReport } from './probe-report.js'
import type { Quantiles } from './quantiles.js'

const ms = (value: number | null): string => (value === null ? '-' : `${value.toFixed(value < 10 ? 2 : 0)} ms`)

/** Largest body by which a backend reports itself: no payload. */
const REPORT_BYTES = 256

/** Formats the report for display. */
export function renderReport(report: ProbeReport): string {
  const { completed, failed, unfinished, elapsedMs, latency, failureLatency, lag, errors, outages, flows } = report
  const { recovery, portsTaken, payload } = report
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
  if (recovery !== null && recovery.connections > 0) {
    const { connections, recovered, unrecovered, took } = recovery
    lines.push(`recovery of connections       ${quantiles(took)}`)
    lines.push(
      `  ${connections} connections had failures; ${recovered} recoveries, ${unrecovered} had not recovered at the end`,
    )
  }
  if (payload.upBytes > 0 || payload.downBytes > completed * REPORT_BYTES)
    lines.push(
      `payload                      ${rate(payload.upBytes, elapsedMs)} up, ${rate(payload.downBytes, elapsedMs)} down`,
    )
  lines.push(
    `flows                        ${flows.opened} opened, ${flows.withResponse} with a response, ${flows.translationChanges} translation changes`,
  )
  if (portsTaken > 0) lines.push(`  source ports taken          ${portsTaken}: these flows got their next ones`)
  if (Object.keys(flows.perLb).length > 0) lines.push(`  per LB                      ${counts(flows.perLb)}`)
  else if (Object.keys(flows.perBip).length > 0) lines.push(`  per source at the backend   ${counts(flows.perBip)}`)
  if (Object.keys(flows.perBackend).length > 0) lines.push(`  per backend                 ${counts(flows.perBackend)}`)
  if (Object.keys(flows.ends).length > 0) lines.push(`  ended by                    ${counts(flows.ends)}`)
  return `${lines.join('\n')}\n`
}

function quantiles({ p50, p90, p99, p999, max }: Quantiles): string {
  return `p50 ${ms(p50)}, p90 ${ms(p90)}, p99 ${ms(p99)}, p99.9 ${ms(p999)}, max ${ms(max)}`
}

function rate(bytes: number, elapsedMs: number): string {
  return `${((bytes * 8) / 1e3 / Math.max(1, elapsedMs)).toFixed(2)} Mbit/s`
}

function counts(of: Readonly<Record<string, number>>): string {
  return (
    Object.entries(of)
      .map(([key, n]) => `${key} ${n}`)
      .join(', ') || '-'
  )
}
