import type { CheckOutcome } from './check.js'
import { fastIntervalOf, firstCheckAt, nextCheckAt } from './check-schedule.js'
import type { CheckSpec } from './check-spec.js'
import { type HealthState, observe, unknownHealth } from './health-state.js'

/** Results of one check since it was added. */
export interface CheckCounts {
  readonly successes: number
  readonly failures: number
  /** Failed connections of the traffic. */
  readonly passiveFailures: number
  /** Checks that this node could not make. */
  readonly inconclusive: number
}

const NEVER = Number.POSITIVE_INFINITY

/**
 * One check with its state: when it is due and what it has found. Time comes in with each call,
 * chance too.
 */
export class Probe {
  readonly spec: CheckSpec
  state: HealthState
  counts: CheckCounts = { successes: 0, failures: 0, passiveFailures: 0, inconclusive: 0 }
  lastReason = 'not checked yet'
  /** Reason of the last failure, of a check or of the traffic. */
  lastFailure: string | undefined
  /** True if the last check got a response, expected or not. */
  responds = true
  /**
   * Start of the first of the checks in a row that have timed out, ms; undefined: the last one has
   * not.
   */
  unresponsiveSince: number | undefined
  lastDurationMs: number | undefined
  /** Ends the check that is under way; undefined while none is. */
  running: AbortController | undefined
  #startedAt = Number.NEGATIVE_INFINITY
  #nextAt: number
  #timeoutAt = NEVER
  /**
   * Time at which the path to the backend is probed, to distinguish a timeout of the backend from
   * an unreachable path.
   */
  #pathProbeAt = NEVER
  #pathProbedAt = NEVER
  /** The check was ended while nothing came from the path. */
  isExcused = false
  #hasTimedOut = false

  /**
   * @param before a probe that asked the same question in another rhythm: what it knows stays known
   * @param random uniform in [0, 1)
   */
  constructor(spec: CheckSpec, before: Probe | undefined, random: number, now: number) {
    this.spec = spec
    this.state = before?.state ?? unknownHealth(now)
    this.#nextAt = firstCheckAt(spec, random, now)
    if (before === undefined) return
    this.counts = before.counts
    this.lastReason = before.lastReason
    this.lastFailure = before.lastFailure
    this.responds = before.responds
    this.unresponsiveSince = before.unresponsiveSince
    this.lastDurationMs = before.lastDurationMs
  }

  /** When something is to be done: the check to be started, or ended. */
  get dueAt(): number {
    return this.running === undefined ? this.#nextAt : Math.min(this.#timeoutAt, this.#pathProbeAt)
  }

  /** When the path was probed during this check; Infinity: not yet. */
  get pathProbedAt(): number {
    return this.#pathProbedAt
  }

  /** A check starts. @param hasPath the path is probed when half of the timeout has passed */
  start(now: number, hasPath: boolean): AbortController {
    this.running = new AbortController()
    this.isExcused = false
    this.#hasTimedOut = false
    this.#pathProbeAt = hasPath ? now + this.spec.timeoutMs / 2 : NEVER
    this.#pathProbedAt = NEVER
    this.#startedAt = now
    this.#timeoutAt = now + this.spec.timeoutMs
    return this.running
  }

  /**
   * The path is being probed; the check goes on for half of its timeout at least. So if this node
   * has not run for a while, its own stall is no failure of the backend.
   */
  pathProbed(now: number): void {
    this.#pathProbeAt = NEVER
    this.#pathProbedAt = now
    this.#timeoutAt = Math.max(this.#timeoutAt, now + this.spec.timeoutMs / 2)
  }

  /**
   * Time is up: the check ends with what it knows. @param isExcused the path is silent: it is no
   * failure of the backend
   */
  expire(isExcused: boolean): void {
    this.isExcused = isExcused
    this.#hasTimedOut = true
    this.#timeoutAt = NEVER
    this.running?.abort()
  }

  /** The check has ended. */
  finish({ result, reason, responds = result === 'success' }: CheckOutcome, random: number, now: number): void {
    this.running = undefined
    this.#timeoutAt = NEVER
    this.#pathProbeAt = NEVER
    this.lastReason = reason
    this.lastDurationMs = now - this.#startedAt
    const { counts } = this
    if (result === 'success') this.counts = { ...counts, successes: counts.successes + 1 }
    else if (result === 'failure') this.counts = { ...counts, failures: counts.failures + 1 }
    else this.counts = { ...counts, inconclusive: counts.inconclusive + 1 }
    if (result === 'failure') this.lastFailure = reason
    if (result !== 'inconclusive') this.responds = responds
    if (result !== 'inconclusive')
      this.unresponsiveSince =
        result === 'failure' && this.#hasTimedOut ? (this.unresponsiveSince ?? this.#startedAt) : undefined
    if (result !== 'inconclusive') this.state = observe(this.state, result, this.spec, now)
    this.#nextAt = nextCheckAt(this.spec, this.#startedAt, this.state.doubts > 0, random, now)
  }

  /**
   * The traffic has met a failure: it counts like one of the check, and the next check comes soon.
   */
  passiveFailure(reason: string, random: number, now: number): void {
    this.lastReason = reason
    this.lastFailure = reason
    this.counts = { ...this.counts, passiveFailures: this.counts.passiveFailures + 1 }
    this.state = observe(this.state, 'failure', this.spec, now)
    this.#nextAt = Math.min(this.#nextAt, nextCheckAt(this.spec, this.#startedAt, true, random, now))
  }

  /**
   * There is reason to hope: a check that would come later comes within a fast interval, unless all
   * is well.
   */
  hasten(random: number, now: number): void {
    if (this.state.health === 'healthy' && this.state.doubts === 0) return
    this.#nextAt = Math.min(this.#nextAt, firstCheckAt({ intervalMs: fastIntervalOf(this.spec) }, random, now))
  }
}
