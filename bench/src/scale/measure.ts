import { request } from 'undici'
import { ClusterProcess } from '../cluster-process.js'
import { withIdle } from '../load/idle.js'
import type { Load, LoadSample } from '../load/load.js'
import { usageOf } from '../process-usage.js'
import { median } from '../statistics.js'
import { CONNECTIONS, type ScalePoint, scaleConfig } from './points.js'

const WARM_UP_MS = 700
/** Requests after which a process is compiled: each LB gets so many, as far as the time allows. */
const WARM_REQUESTS = 4_000
const WARM_MAX_MS = 30_000

/** What one point has cost. */
export interface ScaleResult {
  readonly point: ScalePoint
  /** From the launcher's start to the first answer through the VIP, ms. */
  readonly startMs: number
  /** Medians of the rounds. */
  readonly requestsPerSecond: number
  /** CPU µs of both switches and all LBs per request. */
  readonly cpuMicros: number
  readonly byHop: { readonly uplink: number; readonly lbs: number; readonly downlink: number }
  /** Resident bytes of both switches and all LBs, at the end. */
  readonly rssBytes: number
  readonly errors: Readonly<Record<string, number>>
}

export interface MeasureOptions {
  readonly seconds: number
  readonly rounds: number
  readonly load: Load
  readonly signal: AbortSignal
}

const HOPS = ['uplink', 'lbs', 'downlink'] as const

/** Starts a cluster of the point's size, loads it, and stops it. */
export async function measurePoint(point: ScalePoint, options: MeasureOptions): Promise<ScaleResult> {
  const startedAt = performance.now()
  const cluster = await ClusterProcess.startFrom(scaleConfig(point))
  try {
    const [host, port] = cluster.ready.vips[0]!.listen.split(':')
    const first = await request(`http://${host}:${port}/`)
    await first.body.dump()
    if (first.statusCode !== 200) throw new Error(`${point.name}: the first answer is ${first.statusCode}`)
    const startMs = performance.now() - startedAt
    return { point, startMs, ...(await loadRounds(cluster, host!, Number(port), point, options)) }
  } finally {
    await cluster.stop()
  }
}

async function loadRounds(
  cluster: ClusterProcess,
  host: string,
  port: number,
  point: ScalePoint,
  { seconds, rounds, load, signal }: MeasureOptions,
): Promise<Omit<ScaleResult, 'point' | 'startMs'>> {
  const pids = cluster.pids()
  const rates: number[] = []
  const hops: Record<(typeof HOPS)[number], number[]> = { uplink: [], lbs: [], downlink: [] }
  const errors: Record<string, number> = {}
  const withFlows = point.idle > 0 ? withIdle(point.idle, load) : load
  const target = { host, port, path: '/', connections: CONNECTIONS, signal, onWindow: () => {} }
  const warmUntil = performance.now() + WARM_MAX_MS
  for (let warm = 0; warm < WARM_REQUESTS * (point.lbs + 2) && performance.now() < warmUntil && !signal.aborted; )
    warm += (await load({ ...target, warmUpMs: 0, measureMs: 1_000 })).requests
  for (let round = 0; round < rounds && !signal.aborted; round++) {
    const before: Partial<Record<string, number>> = {}
    const used: Partial<Record<string, number>> = {}
    const sample: LoadSample = await withFlows({
      host,
      port,
      path: '/',
      connections: Math.min(CONNECTIONS, point.axis === 'flows' ? point.value : CONNECTIONS),
      warmUpMs: WARM_UP_MS,
      measureMs: seconds * 1000,
      signal,
      onWindow: (edge) => {
        for (const hop of HOPS) {
          const cpu = usageOf(pids[hop]!)?.cpuSeconds ?? Number.NaN
          if (edge === 'begin') before[hop] = cpu
          else used[hop] = cpu - before[hop]!
        }
      },
    })
    rates.push(sample.requests / (sample.windowMs / 1000))
    for (const hop of HOPS) hops[hop].push((used[hop]! * 1e6) / sample.requests)
    for (const [code, count] of Object.entries(sample.errors)) errors[code] = (errors[code] ?? 0) + count
  }
  const byHop = { uplink: median(hops.uplink), lbs: median(hops.lbs), downlink: median(hops.downlink) }
  return {
    requestsPerSecond: median(rates),
    cpuMicros: median(rates.map((_, i) => HOPS.reduce((sum, hop) => sum + hops[hop][i]!, 0))),
    byHop,
    rssBytes: usageOf(HOPS.flatMap((hop) => pids[hop]!))?.rssBytes ?? Number.NaN,
    errors,
  }
}
