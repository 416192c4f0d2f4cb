import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Outage,
  type ProbeOutcome,
  type ProbeReport,
  runProbe,
  type Slot,
  type SourcePool,
} from '@fivetuple/client'
import type { ClusterOperations } from '@fivetuple/cluster'
import { type Failure, RECOVERY_MAX_MS } from './failures.js'
import { longestOutageMs, PHASES, type Phase, type PhaseName, phaseOf } from './phases.js'

/**
 * Timeout from the moment a request is due. It is also the wait for the last requests, so that none
 * is left unfinished.
 */
const TIMEOUT_MS = 1_000
/** Warm-up: the first requests open connections and run cold code. */
const WARM_UP_MS = 500

/** Kinds of clients, side by side. */
export const LOADS = [
  { name: 'keep-alive', connections: 40 },
  { name: 'new', connections: 'new' },
] as const

export interface MeasureOptions {
  readonly url: URL
  readonly api: ClusterOperations
  readonly sources: SourcePool
  /** Rate of each load, requests per second. */
  readonly ratePerSecond: number
  /** Length of the phases before and after, and of a failure that lasts, ms. */
  readonly phaseMs: number
  readonly signal: AbortSignal
}

/** Effect of a failure on one kind of client. */
export interface LoadResult {
  readonly load: string
  readonly phases: Readonly<Record<PhaseName, Phase>>
  /** In all phases. */
  readonly requests: number
  readonly failed: number
  readonly errors: Readonly<Record<string, number>>
  /** In steps of a slot. */
  readonly outageMs: number
  readonly outages: readonly Outage[]
  /** Ended connections per reason. */
  readonly ends: Readonly<Record<string, number>>
  readonly lagP99Ms: number | null
  readonly series: readonly Slot[]
}

export interface FailureResult {
  readonly failure: string
  readonly what: string
  /** Time from its start until the cluster has recovered, ms. */
  readonly durationMs: number
  readonly loads: readonly LoadResult[]
}

/** Runs both loads during one failure, and returns its effects. */
export async function measureFailure(failure: Failure, options: MeasureOptions): Promise<FailureResult> {
  const { api, phaseMs, signal } = options
  const stop = new AbortController()
  const startedAt = performance.now()
  const sinceStart = (): number => performance.now() - startedAt
  const probes = LOADS.map((load) => startProbe(load, options, stop.signal))
  try {
    const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal })
    await pause(WARM_UP_MS + phaseMs)
    const brokenAt = sinceStart()
    await failure.inject(api)
    if (failure.lasts) await pause(Math.max(0, brokenAt + phaseMs - sinceStart()))
    await failure.restore(api)
    const mendedAt = sinceStart()
    await pause(phaseMs + TIMEOUT_MS)
    const bounds = [WARM_UP_MS, brokenAt, mendedAt, mendedAt + phaseMs]
    stop.abort()
    const loads = await Promise.all(probes.map(async (probe) => resultOf(await probe, bounds)))
    return { failure: failure.name, what: failure.what, durationMs: mendedAt - brokenAt, loads }
  } finally {
    stop.abort()
    await Promise.all(probes)
  }
}

interface Probed {
  readonly load: string
  readonly outcomes: readonly ProbeOutcome[]
  readonly report: ProbeReport
}

async function startProbe(
  { name, connections }: (typeof LOADS)[number],
  { url, ratePerSecond, phaseMs, sources }: MeasureOptions,
  signal: AbortSignal,
): Promise<Probed> {
  const outcomes: ProbeOutcome[] = []
  const report = await runProbe({
    url,
    ratePerSecond,
    durationMs: 2 * (WARM_UP_MS + 3 * phaseMs + RECOVERY_MAX_MS), // longer than any run, which is stopped when it is over
    connections,
    from: sources,
    timeoutMs: TIMEOUT_MS,
    signal,
    onOutcome: (outcome) => outcomes.push(outcome),
  })
  return { load: name, outcomes, report }
}

/** @param bounds starts of the phases and end of the last one, ms since the start of the probe */
function resultOf({ load, outcomes, report }: Probed, bounds: readonly number[]): LoadResult {
  const phases = Object.fromEntries(
    PHASES.map((name, i) => [name, phaseOf(outcomes, bounds[i]!, bounds[i + 1]!)]),
  ) as Record<PhaseName, Phase>
  const whole = phaseOf(outcomes, bounds[0]!, bounds.at(-1)!)
  return {
    load,
    phases,
    requests: whole.requests,
    failed: whole.failed,
    errors: whole.errors,
    outageMs: longestOutageMs(report.outages),
    outages: report.outages,
    ends: report.flows.ends,
    lagP99Ms: report.lag.p99,
    series: report.series,
  }
}
