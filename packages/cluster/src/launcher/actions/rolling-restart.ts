import { setTimeout as sleep } from 'node:timers/promises'
import type { LbStatus } from '@fivetuple/lb-node'
import { ApiError } from '../../api/problem.js'
import type { RollingProgress, RollingResult } from '../../operations/rolling-schemas.js'
import type { Recovery } from '../recovery.js'
import type { RoleClients } from '../role-contracts.js'
import type { Supervisor } from '../supervisor.js'
import type { Drains } from './drains.js'

/** Longest wait for the first flow of a restarted LB, ms: without clients there is none. */
const FIRST_FLOW_MAX_MS = 1_000
/**
 * Time between two status requests to the one LB that is waited for, ms. It is polled: a report of
 * each new session count would cost a message per flow, on all LBs and all the time.
 */
const STATUS_STEP_MS = 50

export interface RollingRestartOptions {
  readonly lbs: readonly string[]
  readonly supervisor: Pick<Supervisor, 'restart'>
  readonly recovery: Pick<Recovery, 'untilRouted' | 'vipsOf'>
  readonly drains: Pick<Drains, 'drainLb'>
  readonly roles: RoleClients
}

/** Restarts all LBs, one after the other, each only when the one before carries traffic again. */
export class RollingRestart {
  readonly #options: RollingRestartOptions
  #isRunning = false

  constructor(options: RollingRestartOptions) {
    this.#options = options
  }

  /**
   * Runs the restart. Returns the step `failed` if an LB does not come back. Ends between two steps
   * when its generator is returned early. Throws an ApiError if a rolling restart is already
   * running.
   * @param drainMaxMs longest drain of each LB before its restart; 0: no drain
   */
  run(drainMaxMs: number): AsyncGenerator<RollingProgress, RollingResult, undefined> {
    if (this.#isRunning) throw new ApiError(409, 'a rolling restart is under way')
    return this.#run(drainMaxMs)
  }

  async *#run(drainMaxMs: number): AsyncGenerator<RollingProgress, RollingResult, undefined> {
    this.#isRunning = true
    const startedAt = performance.now()
    const atMs = (): number => Math.round(performance.now() - startedAt)
    const { lbs } = this.#options
    let current = ''
    let last: RollingResult
    try {
      for (const lb of lbs) {
        current = lb
        yield* this.#restart(lb, drainMaxMs, atMs)
      }
      last = { atMs: atMs(), step: 'done', lbs }
    } catch (error) {
      last = { atMs: atMs(), step: 'failed', lb: current, reason: (error as Error).message }
    } finally {
      this.#isRunning = false
    }
    return last
  }

  async *#restart(
    lb: string,
    drainMaxMs: number,
    atMs: () => number,
  ): AsyncGenerator<RollingProgress, void, undefined> {
    const { supervisor, recovery, drains } = this.#options
    let before: number
    try {
      if (drainMaxMs > 0) {
        const { sessions } = await drains.drainLb(lb, true)
        yield { atMs: atMs(), step: 'draining', lb, sessions }
        await this.#untilEmpty(lb, drainMaxMs)
      }
      yield { atMs: atMs(), step: 'restarting', lb, sessions: (await this.#status(lb)).sessions }
      before = atMs()
      await supervisor.restart(lb)
    } finally {
      if (drainMaxMs > 0) await drains.drainLb(lb, false)
    }
    await recovery.untilRouted([lb])
    yield { atMs: atMs(), step: 'routed', lb, vips: recovery.vipsOf(lb), tookMs: atMs() - before }
    yield { atMs: atMs(), step: 'carrying', lb, newFlows: await this.#firstFlows(lb) }
  }

  async #untilEmpty(lb: string, maxMs: number): Promise<void> {
    const deadline = performance.now() + maxMs
    while (performance.now() < deadline && (await this.#status(lb)).sessions > 0) await sleep(STATUS_STEP_MS)
  }

  async #firstFlows(lb: string): Promise<number> {
    const deadline = performance.now() + FIRST_FLOW_MAX_MS
    for (;;) {
      const { services } = await this.#status(lb)
      const flows = services.reduce((sum, { newFlows }) => sum + newFlows, 0)
      if (flows > 0 || performance.now() > deadline) return flows
      await sleep(STATUS_STEP_MS)
    }
  }

  #status(lb: string): Promise<LbStatus> {
    return this.#options.roles.lb(lb)('status', {})
  }
}
