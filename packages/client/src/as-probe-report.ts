import type { ProbeReport } from './probe-report.js'

/** Returns what a probe's process has printed as a report; undefined if it is none. */
export function asProbeReport(text: string): ProbeReport | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { completed, failed, latency, lag, flows, outages, series } = value as Partial<ProbeReport>
  const isWhole =
    [completed, failed].every((count) => Number.isInteger(count)) &&
    [latency, lag, flows].every((part) => typeof part === 'object' && part !== null) &&
    [outages, series].every((part) => Array.isArray(part))
  return isWhole ? (value as ProbeReport) : undefined
}
