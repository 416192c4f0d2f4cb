import { strict as assert } from 'node:assert'
import { type Quantiles, quantilesOf } from './quantiles.js'
import type { ConnectionOutcome } from './recovery.js'

/** Width of a slot of the series. */
export const SLOT_MS = 100
const SUCCESS = -1
/** Number of a connection that sends only one request. */
const NO_CONNECTION = -1

/** One slot of the series: outcomes of the requests that were due in it. */
export interface Slot {
  /** Start of the slot, ms since the start of the probe. */
  readonly atMs: number
  readonly due: number
  readonly completed: number
  readonly failed: number
  /** Latency of the completed ones, ms; null if there are none. */
  readonly p50: number | null
  readonly p99: number | null
  readonly max: number | null
}

/**
 * Outcomes of all requests in the order of their ends, five numbers each. They are summarized only
 * at the end, so every quantile is exact, also those of a slot.
 */
export class Recorder {
  readonly #dueMs: Float64Array
  readonly #lagMs: Float64Array
  readonly #latencyMs: Float64Array
  readonly #errors: Int16Array
  readonly #connections: Int32Array
  readonly #codes: string[] = []
  readonly #indexOf = new Map<string, number>()
  #count = 0

  /** @param countMax largest number of outcomes */
  constructor(countMax: number) {
    this.#dueMs = new Float64Array(countMax)
    this.#lagMs = new Float64Array(countMax)
    this.#latencyMs = new Float64Array(countMax)
    this.#errors = new Int16Array(countMax)
    this.#connections = new Int32Array(countMax)
  }

  get count(): number {
    return this.#count
  }

  /**
   * Adds an outcome.
   * @param dueMs time at which it was due, ms since the start
   * @param lagMs delay until the probe was ready to send it: the probe's own, not the network's
   * @param latencyMs time from the moment it was due to its end, success or failure
   * @param error code of the failure; undefined if the request was completed
   * @param connection number of its connection, if that sends further requests
   */
  add(dueMs: number, lagMs: number, latencyMs: number, error?: string, connection = NO_CONNECTION): void {
    const i = this.#count++
    assert(i < this.#dueMs.length, 'more outcomes than requests')
    this.#dueMs[i] = dueMs
    this.#lagMs[i] = lagMs
    this.#latencyMs[i] = latencyMs
    this.#errors[i] = error === undefined ? SUCCESS : this.#indexOfCode(error)
    this.#connections[i] = connection
  }

  /** Returns the latency of completed requests. */
  latency(): Quantiles {
    return quantilesOf(this.#latencyMs.slice(0, this.#count).filter((_, i) => this.#errors[i] === SUCCESS))
  }

  /** Returns the time that failed requests took to fail. */
  failureLatency(): Quantiles {
    return quantilesOf(this.#latencyMs.slice(0, this.#count).filter((_, i) => this.#errors[i] !== SUCCESS))
  }

  lag(): Quantiles {
    return quantilesOf(this.#lagMs.slice(0, this.#count))
  }

  /** Returns the failures per code, most frequent first. */
  errors(): Record<string, number> {
    const counts = new Array<number>(this.#codes.length).fill(0)
    for (let i = 0; i < this.#count; i++) if (this.#errors[i] !== SUCCESS) counts[this.#errors[i]!]!++
    return Object.fromEntries(this.#codes.map((code, i) => [code, counts[i]!] as const).sort((a, b) => b[1] - a[1]))
  }

  /** Returns all outcomes of the connections that had a failure. */
  outcomesOfFailing(): ConnectionOutcome[] {
    const failing = new Set<number>()
    for (let i = 0; i < this.#count; i++) if (this.#errors[i] !== SUCCESS) failing.add(this.#connections[i]!)
    failing.delete(NO_CONNECTION)
    const outcomes: ConnectionOutcome[] = []
    if (failing.size === 0) return outcomes
    for (let i = 0; i < this.#count; i++) {
      const connection = this.#connections[i]!
      if (!failing.has(connection)) continue
      const dueMs = this.#dueMs[i]!
      outcomes.push({
        connection,
        dueMs,
        endMs: dueMs + this.#latencyMs[i]!,
        isCompleted: this.#errors[i] === SUCCESS,
      })
    }
    return outcomes
  }

  /**
   * Returns one slot per {@link SLOT_MS}, from the start to the last request due, empty ones
   * included.
   */
  series(): Slot[] {
    const slots: { latencies: number[]; due: number }[] = []
    for (let i = 0; i < this.#count; i++) {
      const index = Math.floor(this.#dueMs[i]! / SLOT_MS)
      while (slots.length <= index) slots.push({ latencies: [], due: 0 })
      const slot = slots[index]!
      slot.due++
      if (this.#errors[i] === SUCCESS) slot.latencies.push(this.#latencyMs[i]!)
    }
    return slots.map(({ latencies, due }, index) => {
      const { count, p50, p99, max } = quantilesOf(Float64Array.from(latencies))
      return { atMs: index * SLOT_MS, due, completed: count, failed: due - count, p50, p99, max }
    })
  }

  #indexOfCode(code: string): number {
    let index = this.#indexOf.get(code)
    if (index === undefined) {
      index = this.#codes.push(code) - 1
      this.#indexOf.set(code, index)
    }
    return index
  }
}
