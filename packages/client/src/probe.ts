import { FlowLedger, type FlowRecord, type LedgerSummary } from './flow-ledger.js'
import { type Outage, outagesOf } from './outages.js'
import { ProbeConnection } from './probe-connection.js'
import type { Quantiles } from './quantiles.js'
import { Recorder, SLOT_MS, type Slot } from './recorder.js'
import { Schedule } from './schedule.js'
import type { SourcePool } from './source-pool.js'

/**
 * Largest number of requests of one probe. Each takes 26 bytes until the end, and the series is
 * made of all of them.
 */
export const COUNT_MAX = 1_000_000
/**
 * Largest number of requests under way. Requests due beyond it are counted as NOT_SENT, so that
 * memory stays bounded if the target is dead.
 */
const OUTSTANDING_MAX = 10_000
/** Interval of the check for timeouts while no request is due. */
const IDLE_TICK_MS = 20

export interface ProbeOptions {
  /** http only */
  readonly url: URL
  readonly ratePerSecond: number
  readonly durationMs: number
  /** Largest number of requests, up to {@link COUNT_MAX}. */
  readonly countMax?: number
  /** Number of keep-alive connections that take turns, or a new one for each request. */
  readonly connections: number | 'new'
  /** Source addresses, used in turn per connection; without it the kernel chooses. */
  readonly from?: SourcePool
  /** From the moment a request is due to the end of its answer. */
  readonly timeoutMs: number
  /** BIP → name of its LB, for the ledger. */
  readonly lbOf?: ReadonlyMap<string, string>
  /** Ends the probe early. It still returns a report. */
  readonly signal?: AbortSignal
  /** Called with the outcome of each request. */
  readonly onOutcome?: (outcome: ProbeOutcome) => void
}

/** Outcome of one request. Times in ms. */
export interface ProbeOutcome {
  /** Since the start of the probe. */
  readonly dueMs: number
  /** Time from the moment it was due to its end, success or failure. */
  readonly latencyMs: number
  /** Code of the failure; undefined if the request was completed. */
  readonly error: string | undefined
}

/** Report of a probe. Times in ms. */
export interface ProbeReport {
  readonly url: string
  readonly startedAt: string
  readonly ratePerSecond: number
  readonly connections: number | 'new'
  /** Time from the start to the last outcome. */
  readonly elapsedMs: number
  readonly completed: number
  readonly failed: number
  /** Requests under way or not yet due when the probe was stopped. */
  readonly unfinished: number
  /** From the moment a request was due to the end of its answer. */
  readonly latency: Quantiles
  readonly failureLatency: Quantiles
  /** Delay of the probe itself, which is part of every latency. */
  readonly lag: Quantiles
  readonly errors: Readonly<Record<string, number>>
  readonly outages: readonly Outage[]
  readonly flows: LedgerSummary
  readonly slotMs: number
  readonly series: readonly Slot[]
  readonly flowList: readonly FlowRecord[]
}

interface Outstanding {
  readonly dueMs: number
  readonly lagMs: number
  readonly abort: AbortController
}

/** Sends requests at fixed times and reports their outcomes. */
export function runProbe(options: ProbeOptions): Promise<ProbeReport> {
  return new Probe(options).run()
}

class Probe {
  readonly #options: ProbeOptions
  readonly #schedule: Schedule
  readonly #recorder: Recorder
  readonly #ledger: FlowLedger
  readonly #startedAt = new Date()
  readonly #start = performance.now()
  readonly #now = (): number => performance.now() - this.#start
  readonly #connections: ProbeConnection[] = []
  /** In the order of their due times, so the first is the first to time out. */
  readonly #outstanding = new Set<Outstanding>()
  #next = 0
  #lastMs = 0
  #stopped = false

  constructor(options: ProbeOptions) {
    this.#options = options
    const countMax = Math.min(options.countMax ?? COUNT_MAX, COUNT_MAX)
    this.#schedule = new Schedule(options.ratePerSecond, options.durationMs, countMax)
    this.#recorder = new Recorder(this.#schedule.count)
    this.#ledger = new FlowLedger(options.lbOf)
    if (options.connections !== 'new')
      for (let i = 0; i < options.connections; i++) this.#connections.push(this.#openConnection(i, false))
  }

  async run(): Promise<ProbeReport> {
    const stop = (): void => {
      this.#stopped = true
      for (const { abort } of this.#outstanding) abort.abort()
    }
    this.#options.signal?.addEventListener('abort', stop)
    if (this.#options.signal?.aborted) stop()
    await this.#untilDone()
    this.#options.signal?.removeEventListener('abort', stop)
    const report = this.#report()
    await Promise.all(this.#connections.map((connection) => connection.destroy()))
    return report
  }

  #untilDone(): Promise<void> {
    return new Promise((resolve) => {
      const tick = (): void => {
        const now = this.#now()
        while (!this.#stopped && this.#next < this.#schedule.count && this.#schedule.at(this.#next) <= now)
          this.#launch(this.#next++)
        this.#expire(now)
        const isSent = this.#stopped || this.#next === this.#schedule.count
        if (isSent && this.#outstanding.size === 0) resolve()
        else setTimeout(tick, Math.min(isSent ? IDLE_TICK_MS : this.#schedule.at(this.#next) - now, IDLE_TICK_MS))
      }
      tick()
    })
  }

  #launch(i: number): void {
    const dueMs = this.#schedule.at(i)
    const lagMs = this.#now() - dueMs
    if (this.#outstanding.size >= OUTSTANDING_MAX) {
      this.#record(dueMs, lagMs, lagMs, 'NOT_SENT')
      return
    }
    const { connections } = this.#options
    const connection = connections === 'new' ? this.#openConnection(i, true) : this.#connections[i % connections]!
    const request: Outstanding = { dueMs, lagMs, abort: new AbortController() }
    this.#outstanding.add(request)
    connection
      .get(request.abort.signal)
      .then((error) => this.#finish(request, error))
      .finally(() => {
        if (connections === 'new') void connection.destroy()
      })
  }

  #finish(request: Outstanding, error: string | undefined): void {
    this.#outstanding.delete(request)
    if (this.#stopped && error !== undefined) return // aborted by the probe itself
    const now = this.#now()
    this.#lastMs = now
    this.#record(request.dueMs, request.lagMs, now - request.dueMs, error)
  }

  #record(dueMs: number, lagMs: number, latencyMs: number, error: string | undefined): void {
    this.#recorder.add(dueMs, lagMs, latencyMs, error)
    this.#options.onOutcome?.({ dueMs, latencyMs, error })
  }

  #expire(now: number): void {
    for (const { dueMs, abort } of this.#outstanding) {
      if (now - dueMs < this.#options.timeoutMs) break
      abort.abort(Object.assign(new Error('no response in time'), { code: 'TIMEOUT' }))
    }
  }

  #openConnection(i: number, isSingleUse: boolean): ProbeConnection {
    const { url, from, timeoutMs } = this.#options
    return new ProbeConnection({
      url,
      localAddress: from?.at(i),
      connectTimeoutMs: timeoutMs,
      isSingleUse,
      ledger: this.#ledger,
      now: this.#now,
    })
  }

  #report(): ProbeReport {
    const { url, ratePerSecond, connections } = this.#options
    const recorder = this.#recorder
    const latency = recorder.latency()
    const series = recorder.series()
    return {
      url: url.href,
      startedAt: this.#startedAt.toISOString(),
      ratePerSecond,
      connections,
      elapsedMs: this.#lastMs,
      completed: latency.count,
      failed: recorder.count - latency.count,
      unfinished: this.#schedule.count - recorder.count,
      latency,
      failureLatency: recorder.failureLatency(),
      lag: recorder.lag(),
      errors: recorder.errors(),
      outages: outagesOf(series, SLOT_MS),
      flows: this.#ledger.summary(),
      slotMs: SLOT_MS,
      series,
      flowList: this.#ledger.flows(),
    }
  }
}
