import { machineTimeUs } from '@fivetuple/runtime'
import type { FlowShift, PredictRequest } from '@fivetuple/switch'
import { EVENTS_MAX, type PredictedChange } from '../../operations/predict-parameters.js'
import type { EventPrediction } from '../../operations/prediction-schemas.js'
import type { ClusterPlan, VipPlan } from '../../plan/plan.js'
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

/** Event as the switch and the routes show it, without flow records. */
export type PredictedEvent = Omit<EventPrediction, 'recorded'>

/** An event with the moment and the LBs that its flow records are looked up by. */
export interface FollowedEvent {
  readonly event: PredictedEvent
  readonly change: PredictedChange
  /** VIPs whose routes it changes. */
  readonly vips: readonly VipPlan[]
  /** Time of the copy by the clock of the machine, ms. */
  readonly keptAt: number
  /** Time of the report that the routes have changed, by the same clock; null: not yet. */
  readonly changedAt: number | null
}

/** An entry of the list, which changes until it is measured. */
interface Entry extends FollowedEvent {
  readonly event: { -readonly [K in keyof PredictedEvent]: PredictedEvent[K] }
  changedAt: number | null
  /** Time of the copy by the clock of this process, ms. */
  readonly copiedAt: number
}

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
  list(limit: number): FollowedEvent[] {
    return this.#entries.slice(-limit).reverse()
  }

  /**
   * Copies the flows of this moment and predicts their outcomes. To be awaited before the event
   * takes effect. Never rejects.
   *
   * @param event in words, without a full stop
   * @param vip name of the VIP whose address it is about; undefined: all
   */
  async before(event: string, change: PredictedChange, vip?: string): Promise<Expectation> {
    const { roles, supervisor, view } = this.#parts
    const plan = withAddressOf(this.#parts.plan, vip)
    const { vips } = plan
    const routes = new RouteExpectation(view, tcpVips(plan), change)
    const pending = this.#entries.filter(({ event }) => event.state === 'pending')
    const key = keyOf({ change, vips })
    const isKnown = pending.some((entry) => keyOf(entry) === key)
    const { name } = plan.uplink
    if (routes.isEmpty || isKnown || pending.length >= PENDING_MAX || supervisor.state(name).state !== 'running')
      return NOTHING
    const id = ++this.#lastId
    const startedAt = performance.now()
    const kept = await within(DELAY_MAX_MS, roles.switch(name)('keepFlows', { id }))
    const copiedAt = performance.now()
    const { selection, hash, seed } = plan.uplink.ecmp
    const entry: Entry = {
      event: {
        id,
        at: new Date().toISOString(),
        event,
        selection,
        hash,
        seed,
        delayedMs: copiedAt - startedAt,
        predicted: [],
        state: kept === undefined ? 'failed' : 'pending',
        reason: kept === undefined ? `${name} has not copied its flows within ${DELAY_MAX_MS} ms` : null,
        afterMs: null,
        measured: [],
      },
      change,
      vips,
      keptAt: kept?.at ?? 0,
      changedAt: null,
      copiedAt,
    }
    this.#entries.push(entry)
    if (this.#entries.length > EVENTS_MAX) this.#entries.shift()
    if (kept === undefined) return NOTHING
    const cancelled = new AbortController()
    void this.#follow(entry, predictRequest(plan, change, [selection]), routes, cancelled.signal)
    return expectation(() => {
      const index = this.#entries.indexOf(entry)
      if (index >= 0) this.#entries.splice(index, 1)
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
    const { roles, view } = this.#parts
    const { event, vips } = entry
    const plan = { ...this.#parts.plan, vips }
    const uplink = roles.switch(plan.uplink.name)
    try {
      const kept = { ...request, kept: event.id, sample: null }
      const [result] = await uplink('predict', kept)
      event.predicted = vipOutcomes(plan, request, result!)
      const isMet = await until(view, () => routes.isMet, { timeoutMs: MEASURE_AFTER_MAX_MS, signal })
      if (isMet) entry.changedAt = machineTimeUs() / 1_000
      event.afterMs = isMet ? performance.now() - entry.copiedAt : null
      this.#measured(entry, request, await uplink('measureFlows', { id: event.id }), isMet)
    } catch (error) {
      if (signal.aborted) void uplink('measureFlows', { id: event.id }).catch(() => {})
      event.state = 'failed'
      event.reason = (error as Error).message
    }
  }

  #measured(
    { event, vips }: Entry,
    request: PredictRequest,
    shifts: readonly FlowShift[] | null,
    isMet: boolean,
  ): void {
    const plan = { ...this.#parts.plan, vips }
    if (shifts === null) throw new Error(`${plan.uplink.name} has been started again: the flows are gone`)
    event.measured = measuredOutcomes(plan, request, shifts, event.predicted)
    event.state = isMet ? 'measured' : 'unchanged'
    event.reason = isMet ? null : `not all routes had changed after ${MEASURE_AFTER_MAX_MS / 1_000} s`
  }
}

/** Returns the plan with the VIPs that have the address of one; without a name, with all. */
function withAddressOf(plan: ClusterPlan, name: string | undefined): ClusterPlan {
  if (name === undefined) return plan
  const address = plan.vips.find((vip) => vip.name === name)?.address
  return { ...plan, vips: plan.vips.filter((vip) => vip.address === address) }
}

/** Identity of an event among those that are pending. */
function keyOf({ change, vips }: Pick<FollowedEvent, 'change' | 'vips'>): string {
  return JSON.stringify([change, vips.map(({ name }) => name)])
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

/** Returns the value of a promise; undefined if it rejects, or takes longer than so many ms. */
function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ms)
    const end = (value: T | undefined): void => {
      clearTimeout(timer)
      resolve(value)
    }
    promise.then(end, () => end(undefined))
  })
}
