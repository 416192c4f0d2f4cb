import { strict as assert } from 'node:assert'
import { IpProtocol } from '@fivetuple/packet'
import { type Clock, DeadlineTimer } from '@fivetuple/runtime'
import type { Check, CheckHost, CheckOutcome, CheckTarget } from '../health/check.js'
import { type CheckSpec, checkKey, requestKeyOf, servedPort } from '../health/check-spec.js'
import { countsAsHealthy, type Health } from '../health/health-state.js'
import type { CheckPath } from '../health/path-monitor.js'
import { type CheckCounts, Probe } from '../health/probe.js'
import { httpCheck } from './http-check.js'
import { tcpCheck } from './tcp-check.js'
import { udpCheck } from './udp-check.js'

/**
 * Checks under way at once: a bound for what a black hole can tie up, since its checks last for
 * their whole timeout.
 */
const IN_FLIGHT_MAX = 64

const CHECKS: Readonly<Record<CheckTarget['type'], Check>> = { http: httpCheck, tcp: tcpCheck, udp: udpCheck }

export interface HealthCheckerOptions {
  /** Host that sends the checks: the LB's own on the downlink. */
  readonly host: CheckHost
  readonly clock: Clock
  /** Uniform in [0, 1): spreads checks over time. */
  readonly random: () => number
  /**
   * A backend has become healthy or unhealthy. Not called for a first result that only confirms
   * `initial`.
   */
  readonly onChange: (spec: CheckSpec, isHealthy: boolean, reason: string) => void
  /**
   * State that a backend counts as before the first result. Default: healthy, so that a cluster can
   * be used at once.
   */
  readonly initial?: 'healthy' | 'unhealthy'
  /** Most checks under way at once; default: 64. */
  readonly maxInFlight?: number
  /** The path that all checks take. Without it each failure is one of the backend. */
  readonly path?: CheckPath
  /**
   * Makes the one timer. Default: a DeadlineTimer on `clock`; a simulation gives one that runs on
   * its own time.
   */
  readonly createTimer?: (onDue: () => number) => Pick<DeadlineTimer, 'arm' | 'close'>
}

/** One check, for people. */
export interface CheckStatus {
  readonly target: CheckSpec
  readonly health: Health
  /** True while it counts as healthy. */
  readonly isHealthy: boolean
  /** Time since the last change of state, ms. */
  readonly sinceMs: number
  readonly lastReason: string
  /** Reason of the last failure, of a check or of the traffic; undefined: there was none. */
  readonly lastFailure: string | undefined
  /** True if the last check got a response, expected or not. */
  readonly responds: boolean
  /**
   * Time since the start of the first of the last checks in a row that have timed out, ms; 0: the
   * last one has not.
   */
  readonly unresponsiveMs: number
  /** undefined before the first check has ended */
  readonly lastDurationMs: number | undefined
  readonly counts: CheckCounts
}

/**
 * Runs checks, each in its own rhythm and never twice at once, and says when a backend's health
 * changes. A failure that the traffic has met counts like a failed check.
 */
export class HealthChecker {
  readonly #options: HealthCheckerOptions
  readonly #timer: Pick<DeadlineTimer, 'arm' | 'close'>
  readonly #inFlightMax: number
  #probes = new Map<string, Probe>()
  /** By address, port and transport: what a failure of the traffic is looked up by. */
  #byEndpoint = new Map<number, Probe[]>()
  #inFlight = 0
  #isClosed = false

  constructor(options: HealthCheckerOptions) {
    this.#options = options
    this.#inFlightMax = options.maxInFlight ?? IN_FLIGHT_MAX
    const createTimer = options.createTimer ?? ((onDue) => new DeadlineTimer(options.clock, onDue))
    this.#timer = createTimer(() => this.#run())
  }

  /**
   * Makes these the checks. Those that stay keep their state and rhythm, one whose question stays
   * keeps what it knows; equal ones are made once.
   */
  setChecks(specs: readonly CheckSpec[]): void {
    if (this.#isClosed) return
    const now = this.#options.clock.now()
    const before = this.#probes
    const byRequestKey = new Map([...before.values()].map((probe) => [requestKeyOf(probe.spec), probe]))
    this.#probes = new Map()
    this.#byEndpoint = new Map()
    for (const spec of specs) {
      const key = checkKey(spec)
      if (this.#probes.has(key)) continue
      const probe =
        before.get(key) ?? new Probe(spec, byRequestKey.get(requestKeyOf(spec)), this.#options.random(), now)
      this.#probes.set(key, probe)
      const { port, protocol } = servedPort(spec)
      const endpoint = endpointKey(spec.address, port, protocol)
      this.#byEndpoint.set(endpoint, [...(this.#byEndpoint.get(endpoint) ?? []), probe])
    }
    for (const [key, probe] of before) if (!this.#probes.has(key)) probe.running?.abort()
    this.#timer.arm(this.#deadline())
  }

  /** Returns true while the target of one of the checks counts as healthy. */
  isHealthy(spec: CheckSpec): boolean {
    const probe = this.#probes.get(checkKey(spec))
    assert(probe !== undefined, 'no such check')
    return this.#countsAsHealthy(probe)
  }

  /**
   * A connection of the traffic to a backend has failed.
   * @param protocol IANA number; without effect if no check is about a backend that serves this
   * endpoint
   */
  reportFailure(address: number, port: number, protocol: number, reason: string): void {
    const probes = this.#byEndpoint.get(endpointKey(address, port, protocol))
    if (probes === undefined || this.#isClosed) return
    const { clock, random } = this.#options
    for (const probe of probes) {
      this.#change(probe, reason, () => probe.passiveFailure(reason, random(), clock.now()))
      if (probe.running === undefined) this.#timer.arm(probe.dueAt)
    }
  }

  /**
   * The way to the backends has come back, so those that seemed to have failed may be well: asks
   * soon, within a fast interval instead of a whole one.
   */
  recheck(): void {
    const { clock, random } = this.#options
    for (const probe of this.#probes.values()) if (probe.running === undefined) probe.hasten(random(), clock.now())
    this.#timer.arm(this.#deadline())
  }

  /** All checks, in the order in which they were given. */
  status(): CheckStatus[] {
    return [...this.#probes.values()].map((probe) => this.#status(probe))
  }

  /** One of the checks; undefined when there is no such check. */
  statusOf(spec: CheckSpec): CheckStatus | undefined {
    const probe = this.#probes.get(checkKey(spec))
    return probe && this.#status(probe)
  }

  /** Ends the checks under way and starts no more. `onChange` is not called any more. */
  close(): void {
    this.#isClosed = true
    this.#timer.close()
    for (const { running } of this.#probes.values()) running?.abort()
    this.#probes.clear()
    this.#byEndpoint.clear()
  }

  #status(probe: Probe): CheckStatus {
    const now = this.#options.clock.now()
    return {
      target: probe.spec,
      health: probe.state.health,
      isHealthy: this.#countsAsHealthy(probe),
      sinceMs: now - probe.state.since,
      lastReason: probe.lastReason,
      lastFailure: probe.lastFailure,
      responds: probe.responds,
      unresponsiveMs: probe.unresponsiveSince === undefined ? 0 : now - probe.unresponsiveSince,
      lastDurationMs: probe.lastDurationMs,
      counts: probe.counts,
    }
  }

  /**
   * Does what is due, the most overdue first, and says when to come again. A walk over all checks
   * costs little.
   */
  #run(): number {
    const now = this.#options.clock.now()
    const due = [...this.#probes.values()].filter((probe) => probe.dueAt <= now).sort((a, b) => a.dueAt - b.dueAt)
    for (const probe of due) {
      if (probe.running !== undefined) this.#onOverdue(probe, now)
      else if (this.#inFlight < this.#inFlightMax) this.#start(probe, now)
    }
    return this.#deadline()
  }

  /** A check has not ended when half of its timeout has passed, or all of it. */
  #onOverdue(probe: Probe, now: number): void {
    const { path } = this.#options
    if (path === undefined) probe.expire(false)
    else if (probe.pathProbedAt > now) {
      probe.pathProbed(now)
      path.probe()
    } else probe.expire(!path.hasReceivedSince(probe.pathProbedAt) && !path.isOverdue(now))
  }

  #deadline(): number {
    let deadline = Number.POSITIVE_INFINITY
    // A check that is due while all places are taken starts when one becomes free.
    const mayStart = this.#inFlight < this.#inFlightMax
    for (const probe of this.#probes.values())
      if (mayStart || probe.running !== undefined) deadline = Math.min(deadline, probe.dueAt)
    return deadline
  }

  #start(probe: Probe, now: number): void {
    const { spec } = probe
    const running = probe.start(now, this.#options.path !== undefined)
    this.#inFlight++
    void CHECKS[spec.type](this.#options.host, spec, spec.timeoutMs, running.signal).then((outcome) => {
      this.#inFlight--
      if (this.#isClosed) return
      if (this.#probes.get(checkKey(spec)) === probe) this.#finish(probe, outcome)
      this.#timer.arm(this.#run())
    })
  }

  #finish(probe: Probe, outcome: CheckOutcome): void {
    const { clock, random } = this.#options
    const judged = this.#judge(probe, outcome)
    this.#change(probe, judged.reason, () => probe.finish(judged, random(), clock.now()))
  }

  /** A check that has failed because of the path says nothing of the backend. */
  #judge(probe: Probe, outcome: CheckOutcome): CheckOutcome {
    if (outcome.result !== 'failure') return outcome
    if (this.#options.path?.isUp === false)
      return { result: 'inconclusive', reason: 'no carrier to the downlink switch' }
    if (probe.isExcused) return { result: 'inconclusive', reason: 'nothing was received from the downlink switch' }
    return outcome
  }

  /** Runs `step`, and reports if it has changed the state that the probe counts as. */
  #change(probe: Probe, reason: string, step: () => void): void {
    const before = this.#countsAsHealthy(probe)
    step()
    const after = this.#countsAsHealthy(probe)
    if (after !== before) this.#options.onChange(probe.spec, after, reason)
  }

  #countsAsHealthy({ state }: Probe): boolean {
    return countsAsHealthy(state, this.#options.initial ?? 'healthy')
  }
}

function endpointKey(address: number, port: number, protocol: number): number {
  return (address * 65_536 + port) * 2 + (protocol === IpProtocol.UDP ? 1 : 0)
}
