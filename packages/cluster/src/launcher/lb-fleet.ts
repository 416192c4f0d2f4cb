import { setTimeout as sleep } from 'node:timers/promises'
import type { LbConfig } from '@fivetuple/lb-node'
import { ApiError } from '../api/problem.js'
import type { Ask } from './ask.js'
import type { LbConfigs } from './lb-configs.js'
import type { RoleState } from './supervisor.js'

/** A role that is not up by then never will be. */
const STARTING_MAX_MS = 10_000
const STARTING_STEP_MS = 20

/** What an LB says, or why it says nothing. */
export type LbAnswer<T> = { readonly lb: string } & ({ readonly answer: T } | { readonly unreachable: string })

/** All LBs, whether they run or not: those that are down learn what has changed when they are started again. */
export class LbFleet {
  readonly configs: LbConfigs
  readonly #ask: Ask
  readonly #stateOf: (lb: string) => RoleState['state']

  constructor(configs: LbConfigs, ask: Ask, stateOf: (lb: string) => RoleState['state']) {
    this.configs = configs
    this.#ask = ask
    this.#stateOf = stateOf
  }

  /** Asks LBs the same. Rejects when the only one that is asked does not answer; with several, that is told. */
  ask<T>(lbs: readonly string[], method: string, params: unknown): Promise<LbAnswer<T>[]> {
    return Promise.all(
      lbs.map(async (lb) => {
        try {
          return { lb, answer: (await this.#ask(lb, method, params)) as T }
        } catch (error) {
          if (lbs.length === 1) throw error
          return { lb, unreachable: (error as Error).message }
        }
      }),
    )
  }

  /**
   * Tells LBs of a change, and keeps it for their next starts. Rejects, when all others have changed, with the names of
   * those that run but can't be told.
   * @param keep what is different in an LB's configuration from then on
   */
  async change<T>(
    lbs: readonly string[],
    method: string,
    params: unknown,
    keep: (config: LbConfig) => Partial<LbConfig>,
  ): Promise<LbAnswer<T>[]> {
    const results = await Promise.allSettled(
      lbs.map(async (lb): Promise<LbAnswer<T>> => {
        const told = await this.#tell<T>(lb, method, params)
        this.configs.update(lb, keep(this.configs.get(lb)!))
        return told
      }),
    )
    const reasons = results.flatMap((result) =>
      result.status === 'rejected' ? [(result.reason as Error).message] : [],
    )
    if (reasons.length > 0)
      throw new ApiError(
        503,
        `${reasons.join('; ')}${reasons.length < lbs.length ? '; the other LBs have changed' : ''}`,
      )
    return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  }

  /** Whether an LB has no process now. */
  isDown(lb: string): boolean {
    return ['kept-stopped', 'restarting', 'stopped'].includes(this.#stateOf(lb))
  }

  async #tell<T>(lb: string, method: string, params: unknown): Promise<LbAnswer<T>> {
    const deadline = performance.now() + STARTING_MAX_MS
    for (;;) {
      // One that is just starting may have read its configuration already.
      while (this.#stateOf(lb) === 'starting' && performance.now() < deadline) await sleep(STARTING_STEP_MS)
      try {
        return { lb, answer: (await this.#ask(lb, method, params)) as T }
      } catch (error) {
        if (this.isDown(lb)) return { lb, unreachable: (error as Error).message }
        // Restarted while it was asked: the one that starts is to hear it, too.
        if (this.#stateOf(lb) !== 'starting' || performance.now() >= deadline) throw error
      }
    }
  }
}
