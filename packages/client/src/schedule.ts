import { strict as assert } from 'node:assert'

/**
 * Open-loop arrivals: request i is due at `i / rate` seconds, whatever the outcome of earlier ones.
 * A closed loop would wait for a stalled response and send nothing meanwhile, so an outage of a
 * second would count as one slow request.
 */
export class Schedule {
  readonly #ratePerSecond: number
  readonly #offsetMs: number
  /** Number of arrivals. */
  readonly count: number

  /**
   * @param ratePerSecond above 0, fractions allowed
   * @param durationMs arrivals lie in [0, durationMs)
   * @param countMax largest number of arrivals
   * @param offsetMs by which all arrivals are later
   */
  constructor(ratePerSecond: number, durationMs: number, countMax: number, offsetMs = 0) {
    assert(ratePerSecond > 0 && durationMs >= 0 && countMax >= 0)
    this.#ratePerSecond = ratePerSecond
    this.#offsetMs = offsetMs
    this.count = Math.min(Math.ceil((durationMs * ratePerSecond) / 1000), Math.floor(countMax))
  }

  /** Returns the time at which arrival `i` is due, ms since the start. */
  at(i: number): number {
    return this.#offsetMs + (i * 1000) / this.#ratePerSecond
  }
}
