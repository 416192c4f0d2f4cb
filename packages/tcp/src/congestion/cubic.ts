import type { CongestionControl } from './congestion-control.js'

/** Constant that determines how fast the window grows, segments/s³ (RFC 9438 §5). */
const C = 0.4
/** Multiplicative decrease factor (RFC 9438 §4.6). */
const BETA = 0.7
/** Growth of the Reno-friendly window, segments per round trip (RFC 9438 §4.3). */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA)
const NEVER = -1

/** CUBIC (RFC 9438). Windows of the formulas are in segments, times in s. */
export class Cubic implements CongestionControl {
  /** W_max: window before the last reduction, lowered by fast convergence. */
  #max = 0
  /** Window before the last reduction, as it was (cwnd_prior). */
  #prior = 0
  /** Time at which the current epoch of congestion avoidance started, ms. */
  #epochAt = NEVER
  /** Time from the start of the epoch until the window is at {@link #origin} again (K). */
  #k = 0
  #origin = 0
  /** Window that Reno would have (W_est). */
  #reno = 0
  #maxBefore = 0
  #priorBefore = 0

  increase(window: number, acked: number, mss: number, rttMs: number, now: number): number {
    const w = window / mss
    if (this.#epochAt === NEVER) this.#startEpoch(w, now)
    const t = (now - this.#epochAt) / 1_000
    // RFC 9438 §4.3. Above the former window, Reno's own growth of one segment per round trip.
    this.#reno += (this.#reno >= this.#prior ? 1 : ALPHA) * (acked / mss / w)
    if (this.#at(t) < this.#reno) return Math.max(this.#reno - w, 0) * mss
    // RFC 9438 §4.4 and §4.5: towards the window of one round trip later.
    const target = Math.min(Math.max(this.#at(t + rttMs / 1_000), w), 1.5 * w)
    return ((target - w) / w) * acked
  }

  reduce(window: number, flight: number, mss: number): number {
    const w = window / mss
    // RFC 9438 §4.7: fast convergence releases bandwidth to new flows.
    this.#max = w < this.#max ? (w * (1 + BETA)) / 2 : w
    this.#prior = w
    this.restart()
    return flight * BETA
  }

  restart(): void {
    this.#epochAt = NEVER
  }

  save(): void {
    this.#maxBefore = this.#max
    this.#priorBefore = this.#prior
  }

  undo(): void {
    this.#max = this.#maxBefore
    this.#prior = this.#priorBefore
    this.restart()
  }

  #startEpoch(w: number, now: number): void {
    this.#epochAt = now
    this.#reno = w
    // RFC 9438 §4.8: slow start that ends without a loss has no former window to return to.
    this.#origin = Math.max(this.#max, w)
    this.#k = Math.cbrt((this.#origin - w) / C)
  }

  /** W_cubic(t), RFC 9438 §4.2. */
  #at(t: number): number {
    return C * (t - this.#k) ** 3 + this.#origin
  }
}
