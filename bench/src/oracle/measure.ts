import { setTimeout as sleep } from 'node:timers/promises'
import type { SourcePool } from '@fivetuple/client'
import type { EventPrediction } from '@fivetuple/cluster'
import { ClusterProcess } from '../cluster-process.js'
import { ClientFlows } from './client-flows.js'

/** LB that is killed: one in the middle, and not at the edge of the order. */
const VICTIM = 'lb-2'
const MEASURED_MAX_MS = 60_000
const LOOK_EVERY_MS = 20

/** Cluster whose LB is killed and started again. */
export interface OracleCase {
  readonly selection: string
  readonly lbs: number
}

/** Flows per outcome. */
export interface Counts {
  readonly directLoss: number
  readonly collateral: number
}

/** Event, as predicted, as measured by the route table, and as clients saw it. */
export interface OracleResult extends OracleCase {
  readonly event: 'kill' | 'return'
  readonly flows: number
  /** Closed formula, flows. */
  readonly formula: Counts
  /** Route table before the event. */
  readonly predicted: Counts
  /** Route table after it. */
  readonly measured: Counts
  /** Flows of the LB that went, and flows of others, that ended at their clients. */
  readonly clients: Counts
  /** Two standard deviations of the formula, flows. */
  readonly chance: Counts
  /** Time for which the event waited, ms. */
  readonly delayedMs: number
}

export interface MeasureOptions {
  readonly flows: number
  readonly signal: AbortSignal
  sources(cluster: ClusterProcess): SourcePool
}

/** Kills an LB and starts it again; returns both events. */
export async function measureCase(one: OracleCase, options: MeasureOptions): Promise<OracleResult[]> {
  const yaml = `checks: false\necmp: { selection: ${one.selection}, idleTimer: 10m }\n`
  const cluster = await ClusterProcess.start(one.lbs, 2, yaml)
  const { api, ready } = cluster
  const { flows: count, signal } = options
  const flows = new ClientFlows(ready.vips[0]!.listen, options.sources(cluster), signal)
  try {
    await flows.renew(count)
    const killed = flows.perBip()
    await api.role.kill({ role: VICTIM, keepStopped: true })
    const kill = await measured(cluster, 1, signal)
    await flows.request()
    const results = [resultOf(one, 'kill', kill, ended(cluster, killed, flows.perBip(), VICTIM))]
    await flows.renew(count)
    const before = flows.perBip()
    await api.role.start({ role: VICTIM })
    const back = await measured(cluster, 2, signal)
    await flows.request()
    results.push(resultOf(one, 'return', back, ended(cluster, before, flows.perBip(), undefined)))
    return results
  } finally {
    flows.close()
    await cluster.stop()
  }
}

async function measured({ api }: ClusterProcess, id: number, signal: AbortSignal): Promise<EventPrediction> {
  const deadline = performance.now() + MEASURED_MAX_MS
  for (;;) {
    const event = (await api.predictions({ limit: 2 })).find((known) => known.id === id)
    if (event?.state === 'measured') return event
    if (event !== undefined && event.state !== 'pending')
      throw new Error(`event ${id} is ${event.state}: ${event.reason}`)
    if (performance.now() > deadline) throw new Error(`event ${id} is not measured after ${MEASURED_MAX_MS / 1000} s`)
    await sleep(LOOK_EVERY_MS, undefined, { signal })
  }
}

function ended(
  { ready }: ClusterProcess,
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  victim: string | undefined,
): Counts {
  let [directLoss, collateral] = [0, 0]
  for (const [bip, flows] of before) {
    const lost = flows - (after.get(bip) ?? 0)
    if (ready.lbs.find((lb) => lb.bip === bip)?.name === victim) directLoss += lost
    else collateral += lost
  }
  return { directLoss, collateral }
}

function resultOf(one: OracleCase, event: 'kill' | 'return', of: EventPrediction, clients: Counts): OracleResult {
  const [predicted] = of.predicted
  const [counted] = of.measured
  if (predicted?.formula == null || predicted.chancePoints === null || counted === undefined)
    throw new Error(`nothing was predicted or measured for ${one.selection}`)
  const { flows, formula, chancePoints } = predicted
  return {
    ...one,
    event,
    flows,
    formula: { directLoss: formula.directLoss * flows, collateral: formula.collateral * flows },
    predicted: { directLoss: predicted.directLoss, collateral: predicted.collateral },
    measured: { directLoss: counted.directLoss, collateral: counted.collateral },
    clients,
    chance: {
      directLoss: (chancePoints.directLoss * flows) / 100,
      collateral: (chancePoints.collateral * flows) / 100,
    },
    delayedMs: of.delayedMs,
  }
}
