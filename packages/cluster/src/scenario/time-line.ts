import { setTimeout as sleep } from 'node:timers/promises'
import type { ScenarioEvent } from './scenario.js'
import type { EventRecord } from './scenario-run.js'

/** Capabilities that a time line needs of a cluster. */
export interface TimeLineCluster {
  /** Runs the operation of an event; rejects with the reason why it failed. */
  run(event: ScenarioEvent, signal: AbortSignal): Promise<void>
  /** Resolves when routes have converged; rejects when the signal aborts. */
  untilConverged(signal: AbortSignal): Promise<void>
}

/**
 * Runs the events of a scenario at their times, one after the other, and measures how long routes
 * take to converge after each. Returns when the last event has its result and routes have
 * converged, or when the signal aborts.
 *
 * @param now time since the load began, ms
 * @param onEvent receives each event when it starts
 */
export async function runTimeLine(
  events: readonly ScenarioEvent[],
  cluster: TimeLineCluster,
  now: () => number,
  signal: AbortSignal,
  onEvent: (event: ScenarioEvent, atMs: number) => void,
): Promise<EventRecord[]> {
  const records: EventRecord[] = []
  const converging: Promise<void>[] = []
  for (const event of events) {
    if (!(await isDue(event, cluster, now, signal))) break
    const startedMs = now()
    onEvent(event, startedMs)
    const error = await cluster.run(event, signal).then(
      () => null,
      (reason: Error) => reason.message,
    )
    const at = records.push({ command: event.command, startedMs, endedMs: now(), error, convergedMs: null }) - 1
    converging.push(
      cluster.untilConverged(signal).then(
        () => {
          records[at] = { ...records[at]!, convergedMs: now() - startedMs }
        },
        () => {},
      ),
    )
  }
  await Promise.all(converging)
  return records
}

/** Waits until an event is due; false: the signal has aborted. */
async function isDue(
  { atMs, whenConverged, afterMs }: ScenarioEvent,
  cluster: TimeLineCluster,
  now: () => number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    if (whenConverged) await cluster.untilConverged(signal)
    await sleep(Math.max(atMs === undefined ? afterMs : atMs - now(), 0), undefined, { signal })
    return true
  } catch {
    return false
  }
}
