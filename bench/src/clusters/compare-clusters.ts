import type { ClusterProcess } from '../cluster-process.js'
import { type RequestKind, SMALL_GET } from '../load/load.js'
import { wrkLoad } from '../load/wrk.js'
import { childrenOf, usageOf } from '../process-usage.js'

/** Kind of traffic. */
export interface ClusterScenario {
  readonly name: string
  readonly connections: number
  readonly request: RequestKind
}

export const CLUSTER_SCENARIOS: readonly ClusterScenario[] = [
  { name: 'keep-alive-64', connections: 64, request: SMALL_GET },
  { name: 'keep-alive-256', connections: 256, request: SMALL_GET },
  { name: 'new-connections', connections: 64, request: { ...SMALL_GET, isFresh: true } },
]

/** One segment of load on one cluster. */
export interface ClusterSegment {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly errors: number
  /** CPU microseconds per request, per kind of process. */
  readonly cpuMicros: Readonly<Record<string, number>>
  /**
   * Share of the uplink switch's CPU time that each of its line cards took; empty if it is one
   * process.
   */
  readonly cardShares: readonly number[]
}

/** Cluster that is compared. */
export interface Contender {
  readonly name: string
  readonly start: () => Promise<ClusterProcess>
}

/** Measured segments of one contender, per scenario. */
export interface ClusterMeasurement {
  readonly contender: string
  readonly segments: Readonly<Record<string, ClusterSegment[]>>
}

export interface CompareClustersOptions {
  /** wrk, or its path. */
  readonly wrk: string
  readonly contenders: readonly Contender[]
  readonly seconds: number
  readonly rounds: number
  readonly onStep: (what: string) => void
  readonly signal: AbortSignal
}

/** Loads clusters side by side in turns: forwards in one round, backwards in the next. */
export async function compareClusters(options: CompareClustersOptions): Promise<ClusterMeasurement[]> {
  const { contenders, seconds, rounds, onStep, signal } = options
  const running: { cluster: ClusterProcess; segments: Record<string, ClusterSegment[]> }[] = []
  try {
    for (const { start } of contenders) running.push({ cluster: await start(), segments: {} })
    for (const scenario of CLUSTER_SCENARIOS) {
      signal.throwIfAborted()
      onStep(scenario.name)
      for (const { cluster } of running) await measure(cluster, scenario, 1, options)
      for (let round = 0; round < rounds; round++)
        for (const { cluster, segments } of round % 2 === 0 ? running : running.toReversed()) {
          segments[scenario.name] ??= []
          segments[scenario.name]!.push(await measure(cluster, scenario, seconds, options))
        }
    }
  } finally {
    for (const { cluster } of running) await cluster.stop()
  }
  return running.map(({ segments }, i) => ({ contender: contenders[i]!.name, segments }))
}

async function measure(
  cluster: ClusterProcess,
  { connections, request }: ClusterScenario,
  seconds: number,
  { wrk, signal }: CompareClustersOptions,
): Promise<ClusterSegment> {
  const { uplink, downlink, lbs, backends, launcher } = cluster.pids()
  const kinds: Record<string, readonly number[]> = {
    uplink: withChildren(uplink!),
    lbs: lbs!,
    downlink: withChildren(downlink!),
    backends: backends!,
    launcher: launcher!,
  }
  const cards = withChildren(uplink!).slice(1)
  const readings: { kinds: [string, number][]; cards: number[] }[] = []
  const [host, port] = cluster.ready.vips[0]!.listen.split(':')
  const sample = await wrkLoad(
    wrk,
    request,
  )({
    host: host!,
    port: Number(port),
    path: '/',
    connections,
    warmUpMs: 0,
    measureMs: seconds * 1000,
    onWindow: () => {
      readings.push({
        kinds: Object.entries(kinds).map(([kind, pids]): [string, number] => [kind, cpuSeconds(pids)]),
        cards: cards.map((pid) => cpuSeconds([pid])),
      })
    },
    signal,
  })
  const [before, after] = readings as [(typeof readings)[number], (typeof readings)[number]]
  const cardSeconds = after.cards.map((cpu, i) => cpu - before.cards[i]!)
  const allCards = cardSeconds.reduce((sum, cpu) => sum + cpu, 0)
  const { requests, windowMs, p50Ms, p99Ms, errors } = sample
  return {
    requests,
    requestsPerSecond: (requests * 1000) / windowMs,
    p50Ms,
    p99Ms,
    errors: Object.values(errors).reduce((sum, count) => sum + count, 0),
    cpuMicros: Object.fromEntries(
      after.kinds.map(([kind, cpu], i) => [kind, ((cpu - before.kinds[i]![1]) * 1e6) / requests]),
    ),
    cardShares: cardSeconds.map((cpu) => cpu / allCards),
  }
}

function cpuSeconds(pids: readonly number[]): number {
  return usageOf(pids)?.cpuSeconds ?? Number.NaN
}

/** Returns processes, followed by those that they have forked. */
function withChildren(pids: readonly number[]): number[] {
  return [...pids, ...pids.flatMap(childrenOf)]
}
