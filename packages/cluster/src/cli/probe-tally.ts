import { type ProbeOutcome, quantilesOf } from '@fivetuple/client'

/** Outcomes of which the latencies are shown at most, of those since the last line. */
const SAMPLES_MAX = 20_000

/** Outcomes so far, for the live line. */
export class ProbeTally {
  readonly #startedAt: number
  readonly #now: () => number
  #completed = 0
  #failed = 0
  #lastCount = 0
  #lastAt: number
  readonly #latency = new Float64Array(SAMPLES_MAX)
  readonly #lag = new Float64Array(SAMPLES_MAX)
  #latencies = 0
  #lags = 0

  /** @param now ms */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#startedAt = now()
    this.#lastAt = this.#startedAt
  }

  add({ error, latencyMs, lagMs }: ProbeOutcome): void {
    if (this.#lags < SAMPLES_MAX) this.#lag[this.#lags++] = lagMs
    if (error !== undefined) this.#failed++
    else {
      this.#completed++
      if (this.#latencies < SAMPLES_MAX) this.#latency[this.#latencies++] = latencyMs
    }
  }

  /** Returns a line of at most 80 columns about the run, with the latencies since the last line. */
  line(durationMs: number, isColored: boolean): string {
    const now = this.#now()
    const count = this.#completed + this.#failed
    const rate = ((count - this.#lastCount) * 1_000) / Math.max(1, now - this.#lastAt)
    const { p50, p99 } = quantilesOf(this.#latency.slice(0, this.#latencies))
    const lag = quantilesOf(this.#lag.slice(0, this.#lags)).p99
    this.#lastCount = count
    this.#lastAt = now
    this.#latencies = 0
    this.#lags = 0
    const failed = `${this.#failed} failed`
    return [
      `${((now - this.#startedAt) / 1_000).toFixed(0)}/${(durationMs / 1_000).toFixed(0)} s`,
      `${rate.toFixed(0)}/s`,
      `${this.#completed} ok`,
      isColored && this.#failed > 0 ? `\u001b[31m${failed}\u001b[39m` : failed,
      `p50 ${ms(p50)}`,
      `p99 ${ms(p99)}`,
      `lag ${ms(lag)}`,
    ].join('  ')
  }
}

function ms(value: number | null): string {
  if (value === null) return '-'
  if (value >= 1_000) return `${(value / 1_000).toFixed(0)} s`
  return value < 10 ? `${value.toFixed(1)} ms` : `${value.toFixed(0)} ms`
}
