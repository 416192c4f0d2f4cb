import { FlowLedger } from './flow-ledger.js'
import { connectionOpener, type Exchange, type OpenConnection } from './open-connection.js'
import { outagesOf } from './outages.js'
import type { ProbeConnection } from './probe-connection.js'
import type { ProbeReport } from './probe-report.js'
import { Recorder, SLOT_MS } from './recorder.js'
import { recoveriesOf, summarizeRecoveries } from './recovery.js'
import type { Abandon } from './request-queue.js'
import { Schedule } from './schedule.js'
import type { Source, Sources } from './sources.js'

/**
 * Largest number of requests of one probe. Each takes 30 bytes until the end, and the series is
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
/** Largest number of taken sources that are listed; all are counted. */
const TAKEN_MAX = 1_000

export interface ProbeOptions extends Exchange {
  readonly ratePerSecond: number
  readonly durationMs: number
  /** Largest number of requests, up to {@link COUNT_MAX}. */
  readonly countMax?: number
  /** Delay of the first request, ms; default 0. */
  readonly offsetMs?: number
  /** Number of keep-alive connections that take turns, or a new one for each request. */
  readonly connections: number | 'new'
  /** Sources of connections; without them the kernel chooses. */
  readonly from?: Sources
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
  /** Delay until the probe was ready to send it: the probe's own. */
  readonly lagMs: number
  /** Time from the moment it was due to its end, success or failure. */
  readonly latencyMs: number
  /** Code of the failure; undefined if the request was completed. */
  readonly error: string | undefined
}

/** Request under way. */
interface Outstanding {
  readonly dueMs: number
  readonly lagMs: number
  readonly connection: number
  abandon: Abandon
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
  readonly #open: OpenConnection
  readonly #startedAt = new Date()
  readonly #start = performance.now()
  readonly #now = (): number => performance.now() - this.#start
  readonly #connections: ProbeConnection[] = []
  /** In the order of their due times, so the first is the first to time out. */
  readonly #outstanding = new Set<Outstanding>()
  readonly #bytes = { up: 0, down: 0 }
  readonly #taken: Source[] = []
  #takenCount = 0
  #next = 0
  #lastMs = 0
  #stopped = false

  constructor(options: ProbeOptions) {
    const { ratePerSecond, durationMs, countMax = COUNT_MAX, offsetMs, connections } = options
    this.#options = options
    this.#schedule = new Schedule(ratePerSecond, durationMs, Math.min(countMax, COUNT_MAX), offsetMs)
    this.#recorder = new Recorder(this.#schedule.count)
    this.#ledger = new FlowLedger(options.lbOf)
    this.#open = connectionOpener(options)
    if (connections !== 'new')
      for (let i = 0; i < connections; i++) this.#connections.push(this.#openConnection(i, false))
  }

  async run(): Promise<ProbeReport> {
    const stop = (): void => {
      this.#stopped = true
      for (const { abandon } of this.#outstanding) abandon()
      this.#outstanding.clear()
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
    const { connections } = this.#options
    const dueMs = this.#schedule.at(i)
    const lagMs = this.#now() - dueMs
    const isSingleUse = connections === 'new'
    const number = isSingleUse ? -1 : i % connections
    if (this.#outstanding.size >= OUTSTANDING_MAX) {
      this.#record(dueMs, lagMs, lagMs, 'NOT_SENT', number)
      return
    }
    const connection = isSingleUse ? this.#openConnection(i, true) : this.#connections[number]!
    const close = isSingleUse ? () => void connection.destroy() : () => {}
    const request: Outstanding = { dueMs, lagMs, connection: number, abandon: () => {} }
    this.#outstanding.add(request)
    const abandon = connection.send((error) => {
      this.#finish(request, error)
      close()
    })
    request.abandon = () => {
      abandon()
      close()
    }
  }

  #finish(request: Outstanding, error: string | undefined): void {
    if (!this.#outstanding.delete(request)) return
    const { dueMs, lagMs, connection } = request
    const now = this.#now()
    this.#lastMs = now
    this.#record(dueMs, lagMs, now - dueMs, error, connection)
  }

  #record(dueMs: number, lagMs: number, latencyMs: number, error: string | undefined, connection: number): void {
    this.#recorder.add(dueMs, lagMs, latencyMs, error, connection)
    this.#options.onOutcome?.({ dueMs, lagMs, latencyMs, error })
  }

  #expire(now: number): void {
    for (const request of this.#outstanding) {
      if (now - request.dueMs < this.#options.timeoutMs) break
      this.#finish(request, 'TIMEOUT')
      request.abandon()
    }
  }

  #openConnection(i: number, isSingleUse: boolean): ProbeConnection {
    const { from, timeoutMs } = this.#options
    let attempt = 0
    return this.#open(
      {
        number: i,
        nextSource: () => from?.source(i, attempt++),
        onPortTaken: (source) => {
          this.#takenCount++
          if (this.#taken.length < TAKEN_MAX) this.#taken.push(source)
        },
        connectTimeoutMs: timeoutMs,
        ledger: this.#ledger,
        now: this.#now,
        bytes: this.#bytes,
      },
      isSingleUse,
    )
  }

  #report(): ProbeReport {
    const { url, ratePerSecond, connections } = this.#options
    const recorder = this.#recorder
    const latency = recorder.latency()
    const series = recorder.series()
    const recoveries = recoveriesOf(recorder.outcomesOfFailing())
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
      recovery: connections === 'new' ? null : summarizeRecoveries(recoveries),
      payload: { upBytes: this.#bytes.up, downBytes: this.#bytes.down },
      portsTaken: this.#takenCount,
      flows: this.#ledger.summary(),
      slotMs: SLOT_MS,
      series,
      flowList: this.#ledger.flows(),
      recoveryList: recoveries,
      takenList: this.#taken.map(({ address, port }) => `${address}:${port}`),
    }
  }
}
