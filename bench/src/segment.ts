import type { LoadSample } from './load/load.js'
import { type Usage, usageOf } from './process-usage.js'
import type { Scenario } from './scenarios.js'

/** Figures of one segment of load on one target. */
export interface Segment {
  readonly windowMs: number
  readonly requests: number
  readonly bytes: number
  readonly requestsPerSecond: number
  readonly bytesPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly errors: Readonly<Record<string, number>>
  /**
   * Usage per kind of role; missing if it can't be read. `load` is the process that makes the load.
   */
  readonly cpuSeconds: Readonly<Record<string, number>>
  readonly rssBytes: Readonly<Record<string, number>>
}

export interface SegmentOptions {
  readonly scenario: Scenario
  /** address:port */
  readonly target: string
  readonly pids: Readonly<Record<string, readonly number[]>>
  readonly warmUpMs: number
  readonly measureMs: number
  readonly signal: AbortSignal
}

/** Runs one segment of load and measures the usage of each kind of process meanwhile. */
export async function runSegment(options: SegmentOptions): Promise<Segment> {
  const { scenario, target, pids, warmUpMs, measureMs, signal } = options
  const [host, port] = target.split(':')
  const readings: Record<string, Usage | undefined>[] = []
  const sample = await scenario.load({
    host: host!,
    port: Number(port),
    path: scenario.path,
    connections: scenario.connections,
    warmUpMs,
    measureMs,
    onWindow: () => {
      readings.push(Object.fromEntries(Object.entries(pids).map(([kind, ids]) => [kind, usageOf(ids)])))
    },
    signal,
  })
  return segmentOf(sample, readings[0] ?? {}, readings[1] ?? {})
}

function segmentOf(
  { windowMs, requests, bytes, p50Ms, p99Ms, errors, cpuSeconds }: LoadSample,
  before: Readonly<Record<string, Usage | undefined>>,
  after: Readonly<Record<string, Usage | undefined>>,
): Segment {
  const cpu: Record<string, number> = {}
  const rssBytes: Record<string, number> = {}
  for (const [kind, usage] of Object.entries(after)) {
    const earlier = before[kind]
    if (usage === undefined || earlier === undefined) continue
    rssBytes[kind] = usage.rssBytes
    cpu[kind] = usage.cpuSeconds - earlier.cpuSeconds
  }
  if (cpuSeconds !== undefined) cpu.load = cpuSeconds
  return {
    windowMs,
    requests,
    bytes,
    requestsPerSecond: (requests * 1000) / windowMs,
    bytesPerSecond: (bytes * 1000) / windowMs,
    p50Ms,
    p99Ms,
    errors,
    cpuSeconds: cpu,
    rssBytes,
  }
}
