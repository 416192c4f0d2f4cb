import { clusterClient } from '../api/client.js'
import { Cluster } from '../launcher/cluster.js'
import type { ClusterEvent } from '../launcher/events/event.js'
import { findFreeBlock } from '../plan/find-free-block.js'
import { type LoadProcess, startLoad } from './load-process.js'
import type { Scenario, ScenarioEvent } from './scenario.js'
import type { EventRecord, ScenarioRun } from './scenario-run.js'
import { runTimeLine } from './time-line.js'

/** Events of a cluster that are kept for the report. */
const CLUSTER_EVENTS_MAX = 100_000

/** Progress of a run, for people. */
export type ScenarioProgress =
  | { readonly step: 'starting'; readonly block: string }
  | { readonly step: 'load'; readonly durationMs: number }
  | { readonly step: 'event'; readonly command: string; readonly atMs: number }
  | { readonly step: 'stopping' }

/**
 * Runs a scenario once: starts its cluster, sends its loads, runs its events at their times, and
 * stops everything. When the signal aborts, the run ends early and still returns its record.
 * Rejects if the cluster or a load can't run; nothing is left then either.
 */
export async function runScenario(
  scenario: Scenario,
  signal: AbortSignal,
  onProgress: (progress: ScenarioProgress) => void,
): Promise<ScenarioRun> {
  const { cluster: config, loads, durationMs } = scenario
  const block = config.block === 'auto' ? await findFreeBlock([]) : config.block
  const cluster = new Cluster(config, block)
  const killAll = (): void => cluster.killAll()
  process.on('exit', killAll)
  const clusterEvents: ClusterEvent[] = []
  cluster.on('event', (event) => {
    if (clusterEvents.length < CLUSTER_EVENTS_MAX) clusterEvents.push(event)
  })
  const startedAt = new Date().toISOString()
  const processes: LoadProcess[] = []
  try {
    onProgress({ step: 'starting', block })
    await cluster.start()
    onProgress({ step: 'load', durationMs })
    const start = performance.now()
    for (const [i, load] of loads.entries()) {
      const sources = { seed: scenario.seed, number: i + 1, loads: loads.length }
      processes.push(startLoad(load, cluster.plan, durationMs, sources))
    }
    const stop = (): void => {
      for (const load of processes) load.stop()
    }
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    const reports = Promise.all(processes.map(({ report }) => report))
    const events = await eventsDuring(reports, scenario, cluster, () => performance.now() - start, signal, onProgress)
    const run = { startedAt, seed: scenario.seed, loads, reports: await reports, events, clusterEvents }
    signal.removeEventListener('abort', stop)
    return { ...run, isInterrupted: signal.aborted }
  } finally {
    for (const load of processes) load.kill()
    onProgress({ step: 'stopping' })
    await cluster.stop()
    process.off('exit', killAll)
  }
}

/** Runs the events while the loads run; events that are not due by then don't happen. */
async function eventsDuring(
  reports: Promise<unknown>,
  { events }: Scenario,
  cluster: Cluster,
  now: () => number,
  signal: AbortSignal,
  onProgress: (progress: ScenarioProgress) => void,
): Promise<EventRecord[]> {
  const client = clusterClient(cluster.access)
  const ended = new AbortController()
  reports.then(
    () => ended.abort(),
    () => ended.abort(),
  )
  const either = AbortSignal.any([signal, ended.signal])
  const target = {
    async run({ operation, parameters }: ScenarioEvent, until: AbortSignal): Promise<void> {
      for await (const _step of client.steps(operation, parameters, { signal: until }));
    },
    untilConverged: (until: AbortSignal) => cluster.untilConverged(until),
  }
  return runTimeLine(events, target, now, either, ({ command }, atMs) => onProgress({ step: 'event', command, atMs }))
}
