import { FlowLedger, type FlowRecord, type LedgerSummary } from './flow-ledger.js'
import { Lane } from './lane.js'
import { type Outage, outagesOf } from './outages.js'
import type { Quantiles } from './quantiles.js'
import { Recorder, SLOT_MS, type Slot } from './recorder.js'
import { Schedule } from './schedule.js'
import type { SourcePool } from './source-pool.js'

/**
 * Requests of one probe: each costs 26 bytes until the end, and the series is made of all of them.
 */
export const COUNT_MAX = 1_000_000
/**
 * Requests under way; what is due beyond them is counted as NOT_SENT, so that a dead target can't
 * eat all memory.
 */
const OUTSTANDING_MAX = 10_000
/** Timeouts are looked at this often while nothing is due. */
const IDLE_TICK_MS = 20

export interface ProbeOptions {
  /** http only */
  readonly url: URL
  readonly ratePerSecond: number
  readonly durationMs: number
  /** The most requests, up to {@link COUNT_MAX}. */
  readonly countMax?: number
  /** Number of keep-alive connections that take turns, or a new one for each request. */
  readonly connections: number | 'new'
  /** Source addresses, one after the other per connection; without it the kernel chooses. */
  readonly from?: SourcePool
  /** From the moment a request is due to the end of its answer. */
  readonly timeoutMs: number
  /** BIP → name of its LB, for the ledger. */
  readonly lbOf?: ReadonlyMap<string, string>
  /** Ends the probe early; it still reports. */
  readonly signal?: AbortSignal
  /** Hears of each request when it is over. */
  readonly onOutcome?: (outcome: ProbeOutcome) => void
}

/** What became of one request. Times in ms. */
export interface ProbeOutcome {
  /** Since the start of the probe. */
  readonly dueMs: number
  /** From the moment it was due to its end, good or bad. */
  readonly latencyMs: number
  /** What went wrong, a code; undefined when it was answered. */
  readonly error: string | undefined
}

/** What a probe has seen. Times in ms. */
export interface ProbeReport {
  readonly url: string
  readonly startedAt: string
  readonly ratePerSecond: number
  readonly connections: number | 'new'
  /** From the start to the last outcome. */
  readonly elapsedMs: number
  readonly answered: number
  readonly failed: number
  /** Under way or not yet due when the probe was stopped. */
  readonly unfinished: number
  /** From the moment a request was due to the end of its answer. */
  readonly latency: Quantiles
  readonly failureLatency: Quantiles
  /** How late the probe itself was: part of every latency. */
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

/** Sends requests at fixed times and reports what became of them. */
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
  readonly #lanes: Lane[] = []
  /** In the order in which they were due, so the first is the first to time out. */
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
      for (let i = 0; i < options.connections; i++) this.#lanes.push(this.#openLane(i, false))
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
    await Promise.all(this.#lanes.map((lane) => lane.destroy()))
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
    const lane = connections === 'new' ? this.#openLane(i, true) : this.#lanes[i % connections]!
    const request: Outstanding = { dueMs, lagMs, abort: new AbortController() }
    this.#outstanding.add(request)
    lane
      .get(request.abort.signal)
      .then((error) => this.#finish(request, error))
      .finally(() => {
        if (connections === 'new') void lane.destroy()
      })
  }

  #finish(request: Outstanding, error: string | undefined): void {
    this.#outstanding.delete(request)
    if (this.#stopped && error !== undefined) return // we have aborted it ourselves
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
      abort.abort(Object.assign(new Error('no answer in time'), { code: 'TIMEOUT' }))
    }
  }

  #openLane(i: number, isSingleUse: boolean): Lane {
    const { url, from, timeoutMs } = this.#options
    return new Lane({
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
      answered: latency.count,
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
