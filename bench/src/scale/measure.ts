import { request } from 'undici'
import { ClusterProcess } from '../cluster-process.js'
import { withIdle } from '../load/idle.js'
import type { Load, LoadOptions, LoadSample } from '../load/load.js'
import { usageOf } from '../process-usage.js'
import { median } from '../statistics.js'
import { CONNECTIONS, type ScalePoint, scaleConfig } from './points.js'

const WARM_UP_MS = 700
/**
 * Requests after which the code of a process is compiled: each LB gets this many, as far as the
 * time allows.
 */
const WARM_REQUESTS = 4_000
const WARM_MAX_MS = 30_000

/** Cost of one load at one point: medians of the rounds. */
export interface LoadCost {
  readonly requestsPerSecond: number
  /** CPU µs of both switches and all LBs per request. */
  readonly cpuMicros: number
  readonly byHop: { readonly uplink: number; readonly lbs: number; readonly downlink: number }
  readonly p50Ms: number
  readonly p99Ms: number
  readonly errors: Readonly<Record<string, number>>
}

/** The two meanings of "the same load". */
export type LoadName = 'closed' | 'paced'

/** Cost of one point. */
export interface ScaleResult {
  readonly point: ScalePoint
  /** Time from the launcher's start to the first response through the VIP, ms. */
  readonly startMs: number
  readonly loads: Readonly<Record<LoadName, LoadCost>>
  /** Resident bytes of both switches and all LBs, at the end. */
  readonly rssBytes: number
}

export interface MeasureOptions {
  readonly seconds: number
  readonly rounds: number
  /**
   * `closed`: as many requests under way as connections. `paced`: a fixed number of requests a
   * second, whatever their latency.
   */
  readonly loads: Readonly<Record<LoadName, Load>>
  readonly signal: AbortSignal
}

const HOPS = ['uplink', 'lbs', 'downlink'] as const

/** Starts a cluster of the point's size, loads it both ways, and stops it. */
export async function measurePoint(point: ScalePoint, options: MeasureOptions): Promise<ScaleResult> {
  const startedAt = performance.now()
  const cluster = await ClusterProcess.startFrom(scaleConfig(point))
  try {
    const [host, port] = cluster.ready.vips[0]!.listen.split(':')
    const first = await request(`http://${host}:${port}/`)
    await first.body.dump()
    if (first.statusCode !== 200) throw new Error(`${point.name}: the first response is ${first.statusCode}`)
    const startMs = performance.now() - startedAt
    await warmUp(cluster, point, options)
    const closed = await loadRounds(cluster, point, options.loads.closed, options)
    const paced = await loadRounds(cluster, point, options.loads.paced, options)
    const pids = cluster.pids()
    const rssBytes = usageOf(HOPS.flatMap((hop) => pids[hop]!))?.rssBytes ?? Number.NaN
    return { point, startMs, loads: { closed, paced }, rssBytes }
  } finally {
    await cluster.stop()
  }
}

function target(cluster: ClusterProcess, { signal }: MeasureOptions): Omit<LoadOptions, 'warmUpMs' | 'measureMs'> {
  const [host, port] = cluster.ready.vips[0]!.listen.split(':')
  return { host: host!, port: Number(port), path: '/', connections: CONNECTIONS, signal, onWindow: () => {} }
}

async function warmUp(cluster: ClusterProcess, { lbs }: ScalePoint, options: MeasureOptions): Promise<void> {
  const until = performance.now() + WARM_MAX_MS
  const load = { ...target(cluster, options), warmUpMs: 0, measureMs: 1_000 }
  for (let warm = 0; warm < WARM_REQUESTS * (lbs + 2) && performance.now() < until && !options.signal.aborted; )
    warm += (await options.loads.closed(load)).requests
}

async function loadRounds(
  cluster: ClusterProcess,
  point: ScalePoint,
  load: Load,
  options: MeasureOptions,
): Promise<LoadCost> {
  const { seconds, rounds, signal } = options
  const pids = cluster.pids()
  const samples: LoadSample[] = []
  const hops: Record<(typeof HOPS)[number], number[]> = { uplink: [], lbs: [], downlink: [] }
  const errors: Record<string, number> = {}
  const withFlows = point.idle > 0 ? withIdle(point.idle, load) : load
  for (let round = 0; round < rounds && !signal.aborted; round++) {
    const before: Partial<Record<string, number>> = {}
    const used: Partial<Record<string, number>> = {}
    const sample = await withFlows({
      ...target(cluster, options),
      connections: Math.min(CONNECTIONS, point.axis === 'flows' ? point.value : CONNECTIONS),
      warmUpMs: WARM_UP_MS,
      measureMs: seconds * 1000,
      onWindow: (edge) => {
        for (const hop of HOPS) {
          const cpu = usageOf(pids[hop]!)?.cpuSeconds ?? Number.NaN
          if (edge === 'begin') before[hop] = cpu
          else used[hop] = cpu - before[hop]!
        }
      },
    })
    samples.push(sample)
    for (const hop of HOPS) hops[hop].push((used[hop]! * 1e6) / sample.requests)
    for (const [code, count] of Object.entries(sample.errors)) errors[code] = (errors[code] ?? 0) + count
  }
  const byHop = { uplink: median(hops.uplink), lbs: median(hops.lbs), downlink: median(hops.downlink) }
  return {
    requestsPerSecond: median(samples.map(({ requests, windowMs }) => requests / (windowMs / 1000))),
    cpuMicros: median(samples.map((_, i) => HOPS.reduce((sum, hop) => sum + hops[hop][i]!, 0))),
    byHop,
    p50Ms: median(samples.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(samples.map(({ p99Ms }) => p99Ms)),
    errors,
  }
}
