import { setTimeout as sleep } from 'node:timers/promises'
import { evennessOf, type ProbeReport, runProbe, SourcePool } from '@fivetuple/client'
import { ClusterProcess } from '../cluster-process.js'
import { highestRate, type RateVerdict } from './highest-rate.js'
import type { Measurement, RateResult } from './measurement.js'
import { type Takeover, takeoverOf } from './takeover.js'
import { type ClusterSize, clusterYaml, type Topology } from './topology.js'

/** Share of failures from which on a rate is too high. */
const FAILED_SHARE = 0.01
/**
 * Largest lag of the probe, at p99, ms. It sends late requests at once, and LBs accept bursts of at
 * most 100 ms.
 */
const LAG_MAX_MS = 50
/**
 * Timeout after which a request without a response has failed. A lost SYN is sent again after a
 * second, so it fails.
 */
const TIMEOUT_MS = 900
/**
 * Rates to try, in units of one LB's capacity. Beyond the last one all LBs together are overloaded.
 */
const rungs = (lbs: number): number[] => Array.from({ length: lbs + 1 }, (_, i) => i + 0.5)
/**
 * Halvings, down to half an LB. An LB accepts a burst of 100 ms, so in short runs rates a few per
 * cent too high seem good.
 */
const HALVINGS = 1
/** Wait between runs: entries of the last one leave the tables, and overloaded LBs recover. */
const REST_MS = 250
/**
 * Load during the takeover, in units of one LB's capacity. One LB can carry it, so failures are due
 * to the takeover.
 */
const TAKEOVER_LOAD = 0.8
const TAKEOVER_MS = 6_500
const KILL_AT_MS = 1_500
/** Warm-up: the first flows run cold code on empty tables. */
const WARM_UP_MS = 500

export interface MeasureOptions extends ClusterSize {
  /** Length of each run of the search for the capacity, s. */
  readonly seconds: number
  readonly signal: AbortSignal
  readonly onStep: (what: string) => void
}

/** Starts a cluster of one topology, measures it and stops it. */
export async function measure(topology: Topology, options: MeasureOptions): Promise<Measurement> {
  options.signal.throwIfAborted()
  const { lbs, backends } = options
  const cluster = await ClusterProcess.start(lbs, backends, clusterYaml(topology, options))
  try {
    return await new Measuring(topology, cluster, options).run()
  } finally {
    await cluster.stop()
  }
}

class Measuring {
  readonly #topology: Topology
  readonly #cluster: ClusterProcess
  readonly #options: MeasureOptions
  readonly #lbOf: ReadonlyMap<string, string>
  readonly #sources: SourcePool

  constructor(topology: Topology, cluster: ClusterProcess, options: MeasureOptions) {
    this.#topology = topology
    this.#cluster = cluster
    this.#options = options
    this.#lbOf = new Map(cluster.ready.lbs.map(({ bip, name }) => [bip, name]))
    this.#sources = SourcePool.parse(cluster.clientPool)!
  }

  async run(): Promise<Measurement> {
    const { lbs, newFlowsPerSecond, seconds, onStep } = this.#options
    const flows = Object.fromEntries(this.#cluster.ready.lbs.map(({ name }) => [name, 0]))
    await this.#probe(newFlowsPerSecond / 2, WARM_UP_MS)
    const search = { ladder: rungs(lbs).map((rung) => Math.round(rung * newFlowsPerSecond)), halvings: HALVINGS }
    const trials = await highestRate(search, async (rate) => {
      await sleep(REST_MS)
      const report = await this.#probe(rate, seconds * 1000)
      const verdict = judge(report)
      const all = report.completed + report.failed
      onStep(`${this.#topology}: ${rate} requests/s, ${report.failed} of ${all} failed: ${verdict}`)
      if (verdict === 'good')
        for (const [lb, count] of Object.entries(report.flows.perLb)) flows[lb] = (flows[lb] ?? 0) + count
      return { verdict, result: rateResult(report) }
    })
    const good = trials.filter(({ verdict }) => verdict === 'good').map(({ rate }) => rate)
    return {
      topology: this.#topology,
      capacity: Math.max(0, ...good),
      trials,
      evenness: evennessOf(flows),
      takeover: await this.#takeOver(flows),
    }
  }

  /** Kills the LB that has carried most flows: the active one, if there is only one. */
  async #takeOver(flows: Readonly<Record<string, number>>): Promise<Takeover> {
    const { newFlowsPerSecond, onStep } = this.#options
    const victim = this.#cluster.ready.lbs.reduce((a, b) => (flows[b.name]! > flows[a.name]! ? b : a))
    let killedAtMs = 0
    const startedAt = performance.now()
    const timer = setTimeout(() => {
      killedAtMs = performance.now() - startedAt
      process.kill(victim.pid, 'SIGKILL')
    }, KILL_AT_MS)
    try {
      const report = await this.#probe(newFlowsPerSecond * TAKEOVER_LOAD, TAKEOVER_MS)
      const takeover = takeoverOf(victim.name, killedAtMs, report)
      onStep(`${this.#topology}: ${victim.name} killed, ${takeover.failed} failed, outage ${takeover.outageMs} ms`)
      return takeover
    } finally {
      clearTimeout(timer)
    }
  }

  /** Open-loop load, a new connection for each request. Rejects when the bench is to stop. */
  async #probe(ratePerSecond: number, durationMs: number): Promise<ProbeReport> {
    const { signal } = this.#options
    const report = await runProbe({
      url: new URL(`http://${this.#cluster.ready.vips[0]!.listen}/`),
      ratePerSecond,
      durationMs,
      connections: 'new',
      from: this.#sources,
      timeoutMs: TIMEOUT_MS,
      lbOf: this.#lbOf,
      signal,
    })
    signal.throwIfAborted()
    return report
  }
}

function judge({ completed, failed, lag }: ProbeReport): RateVerdict {
  if (failed < FAILED_SHARE * (completed + failed)) return 'good'
  return (lag.p99 ?? 0) > LAG_MAX_MS ? 'void' : 'bad'
}

function rateResult({ completed, failed, errors, latency, lag }: ProbeReport): RateResult {
  return { completed, failed, errors, p99Ms: latency.p99, lagP99Ms: lag.p99 }
}
