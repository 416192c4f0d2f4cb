import type { FlowShift, PredictRequest } from '@fivetuple/switch'
import { EVENTS_MAX, type PredictedChange } from '../../operations/predict-parameters.js'
import type { EventPrediction } from '../../operations/prediction-schemas.js'
import type { ClusterPlan } from '../../plan/plan.js'
import type { ClusterView } from '../cluster-view.js'
import type { RoleClients } from '../role-contracts.js'
import type { Supervisor } from '../supervisor.js'
import { until } from '../until.js'
import { measuredOutcomes, vipOutcomes } from './outcomes.js'
import { predictRequest, tcpVips } from './request.js'
import { RouteExpectation } from './route-expectation.js'

/** Longest time that an event waits until a busy switch has copied the flows, ms; usual is 1. */
const DELAY_MAX_MS = 500
/** Longest wait for the change of routes after an event, ms: more than any hold time in use. */
const MEASURE_AFTER_MAX_MS = 60_000
/** Events that are followed at once. The switch keeps the flows of eight. */
const PENDING_MAX = 8

interface Parts {
  readonly plan: ClusterPlan
  readonly roles: Pick<RoleClients, 'switch'>
  readonly supervisor: Pick<Supervisor, 'state'>
  readonly view: ClusterView
}

/** Event whose effect was predicted. */
export interface Expectation {
  /** Deletes the prediction, since the event does not take place. */
  cancel(): void
  /** Awaits the operation that causes the event; cancels if it rejects. */
  unlessFails<T>(operation: Promise<T>): Promise<T>
}

/** An entry of the list, which changes until it is measured. */
type Entry = { -readonly [K in keyof EventPrediction]: EventPrediction[K] } & { key: string; copiedAt: number }

/**
 * Predicts the outcomes of flows when an event begins that changes their next hops, and measures
 * them when the routes have changed.
 *
 * The event waits for one response of the uplink switch: the flows of this moment have been copied.
 * The prediction is computed while the event takes its course. If the switch does not respond in
 * time, the event begins without a prediction.
 */
export class EventPredictions {
  readonly #parts: Parts
  /** The newest last. */
  readonly #entries: Entry[] = []
  #lastId = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Returns the newest predictions, the newest first. */
  list(limit: number): EventPrediction[] {
    return this.#entries
      .slice(-limit)
      .reverse()
      .map(({ key: _, copiedAt: __, ...entry }) => entry)
  }

  /**
   * Copies the flows of this moment and predicts their outcomes. To be awaited before the event
   * takes effect. Never rejects.
   *
   * @param event in words, without a full stop
   */
  async before(event: string, change: PredictedChange): Promise<Expectation> {
    const { plan, roles, supervisor, view } = this.#parts
    const routes = new RouteExpectation(view, tcpVips(plan), change)
    const key = JSON.stringify(change)
    const pending = this.#entries.filter(({ state }) => state === 'pending')
    const isKnown = pending.some((entry) => entry.key === key)
    const { name } = plan.uplink
    if (routes.isEmpty || isKnown || pending.length >= PENDING_MAX || supervisor.state(name).state !== 'running')
      return NOTHING
    const id = ++this.#lastId
    const startedAt = performance.now()
    const isCopied = await within(DELAY_MAX_MS, roles.switch(name)('keepFlows', { id }))
    const copiedAt = performance.now()
    const { selection, hash, seed } = plan.uplink.ecmp
    const entry: Entry = {
      id,
      at: new Date().toISOString(),
      event,
      selection,
      hash,
      seed,
      delayedMs: copiedAt - startedAt,
      predicted: [],
      state: isCopied ? 'pending' : 'failed',
      reason: isCopied ? null : `${name} has not copied its flows within ${DELAY_MAX_MS} ms`,
      afterMs: null,
      measured: [],
      key,
      copiedAt,
    }
    this.#entries.push(entry)
    if (this.#entries.length > EVENTS_MAX) this.#entries.shift()
    if (!isCopied) return NOTHING
    const cancelled = new AbortController()
    void this.#follow(entry, predictRequest(plan, change, [selection]), routes, cancelled.signal)
    return expectation(() => {
      this.#entries.splice(this.#entries.indexOf(entry), 1)
      cancelled.abort()
    })
  }

  /** Predicts the return of an LB whose process has just been started. */
  onStarted(role: string): void {
    const { plan } = this.#parts
    if (plan.lbs.some(({ name }) => name === role)) void this.before(`${role} returns`, { add: [role] })
  }

  /** Predicts for the copied flows, waits for the routes, and measures. Never rejects. */
  async #follow(entry: Entry, request: PredictRequest, routes: RouteExpectation, signal: AbortSignal): Promise<void> {
    const { plan, roles, view } = this.#parts
    const uplink = roles.switch(plan.uplink.name)
    try {
      const kept = { ...request, kept: entry.id, sample: null }
      const [result] = await uplink('predict', kept)
      entry.predicted = vipOutcomes(plan, request, result!)
      const isMet = await until(view, () => routes.isMet, { timeoutMs: MEASURE_AFTER_MAX_MS, signal })
      entry.afterMs = isMet ? performance.now() - entry.copiedAt : null
      this.#measured(entry, request, await uplink('measureFlows', { id: entry.id }), isMet)
    } catch (error) {
      if (signal.aborted) void uplink('measureFlows', { id: entry.id }).catch(() => {})
      entry.state = 'failed'
      entry.reason = (error as Error).message
    }
  }

  #measured(entry: Entry, request: PredictRequest, shifts: readonly FlowShift[] | null, isMet: boolean): void {
    const { plan } = this.#parts
    if (shifts === null) throw new Error(`${plan.uplink.name} has been started again: the flows are gone`)
    entry.measured = measuredOutcomes(plan, request, shifts, entry.predicted)
    entry.state = isMet ? 'measured' : 'unchanged'
    entry.reason = isMet ? null : `not all routes had changed after ${MEASURE_AFTER_MAX_MS / 1_000} s`
  }
}

const NOTHING: Expectation = { cancel: () => {}, unlessFails: (operation) => operation }

function expectation(cancel: () => void): Expectation {
  return {
    cancel,
    async unlessFails(operation) {
      try {
        return await operation
      } catch (error) {
        cancel()
        throw error
      }
    },
  }
}

/** Returns true if a promise resolves within a time, ms. Never rejects. */
function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms)
    const end = (isResolved: boolean): void => {
      clearTimeout(timer)
      resolve(isResolved)
    }
    promise.then(
      () => end(true),
      () => end(false),
    )
  })
}
