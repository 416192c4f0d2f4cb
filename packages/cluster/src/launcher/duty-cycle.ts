/**
 * Time of one run and one stop, ms: shorter than any timer of the protocols, so that a starved
 * process is slow and not dead.
 */
const PERIOD_MS = 100
/** Shortest phase, ms: timers have a resolution of 1 ms. */
const PHASE_MIN_MS = 5
/** Longest phase, ms: whatever happened before, a process is never stopped for longer. */
export const PHASE_MAX_MS = 500

/** Smallest and largest share: with these a phase of the shortest length still fits. */
export const CPU_SHARE_MIN = PHASE_MIN_MS / PHASE_MAX_MS
export const CPU_SHARE_MAX = 1 - CPU_SHARE_MIN

/** Part of a cycle. */
export interface Phase {
  readonly isStopped: boolean
  readonly forMs: number
}

/**
 * Phases in which a process runs and is stopped, so that it runs for a share of the time. A phase
 * that took longer than requested, on a busy machine, is made up for by the next one.
 *
 * Pure: it gets the time.
 */
export class DutyCycle {
  readonly #share: number
  readonly #runMs: number
  #isStopped = false
  #since: number
  /** Time that the next stop makes up for, times the share, ms; below 0: the next run does. */
  #excessMs: number

  /**
   * @param share of the time, {@link CPU_SHARE_MIN} to {@link CPU_SHARE_MAX}
   * @param now ms
   */
  constructor(share: number, now: number) {
    this.#share = share
    this.#since = now
    const periodMs = Math.max(PERIOD_MS, PHASE_MIN_MS / share, PHASE_MIN_MS / (1 - share))
    this.#runMs = periodMs * share
    this.#excessMs = this.#runMs * (1 - share)
  }

  /** Ends the phase that runs, and returns the next one. The first one stops the process. */
  next(now: number): Phase {
    const share = this.#share
    const tookMs = now - this.#since
    this.#excessMs += this.#isStopped ? -tookMs * share : tookMs * (1 - share)
    this.#since = now
    this.#isStopped = !this.#isStopped
    if (this.#isStopped) return this.#phase(this.#excessMs / share)
    return this.#phase(this.#runMs - this.#excessMs / (1 - share))
  }

  /** Bounds a phase. Time that it can't make up for is forgotten. */
  #phase(forMs: number): Phase {
    const bounded = Math.min(Math.max(forMs, PHASE_MIN_MS), PHASE_MAX_MS)
    const rest = Math.max(forMs - bounded, 0)
    this.#excessMs += this.#isStopped ? -rest * this.#share : rest * (1 - this.#share)
    return { isStopped: this.#isStopped, forMs: bounded }
  }
}
