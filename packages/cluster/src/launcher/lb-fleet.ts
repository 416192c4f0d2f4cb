import type { LbConfig, LbContract } from '@fivetuple/lb-node'
import type { MethodOf, Params, Result } from '@fivetuple/runtime'
import { ApiError } from '../api/problem.js'
import type { LbConfigs } from './lb-configs.js'
import type { RoleClients } from './role-contracts.js'
import type { RoleState } from './supervisor.js'
import { type Observable, until } from './until.js'

/** Longest wait for an LB that starts, ms: it is ready after a third of a second. */
const STARTING_MAX_MS = 10_000

/** Response of an LB, or the reason why there is none. */
export type LbResponse<T> = { readonly lb: string } & ({ readonly response: T } | { readonly unreachable: string })

/** States of roles, which can be waited on. */
export interface RoleStates extends Observable {
  state(role: string): Pick<RoleState, 'state'>
}

/** All LBs, running or not. An LB that is down gets changes when it is started again. */
export class LbFleet {
  readonly configs: LbConfigs
  readonly #roles: Pick<RoleClients, 'lb'>
  readonly #states: RoleStates

  constructor(configs: LbConfigs, roles: Pick<RoleClients, 'lb'>, states: RoleStates) {
    this.configs = configs
    this.#roles = roles
    this.#states = states
  }

  /**
   * Sends the same request to LBs. If there is only one and it does not respond, rejects. Of
   * several, those that do not respond are marked as unreachable.
   */
  requestEach<M extends MethodOf<LbContract>>(
    lbs: readonly string[],
    method: M,
    params: Params<LbContract, M>,
  ): Promise<LbResponse<Result<LbContract, M>>[]> {
    return Promise.all(
      lbs.map(async (lb) => {
        try {
          return { lb, response: await this.#roles.lb(lb)(method, params) }
        } catch (error) {
          if (lbs.length === 1) throw error
          return { lb, unreachable: (error as Error).message }
        }
      }),
    )
  }

  /**
   * Changes LBs, now and for their next starts. If some run but do not respond, rejects with their
   * names when all others have changed.
   * @param keep the change of an LB's configuration
   */
  async change<M extends MethodOf<LbContract>>(
    lbs: readonly string[],
    method: M,
    params: Params<LbContract, M>,
    keep: (config: LbConfig) => Partial<LbConfig>,
  ): Promise<LbResponse<Result<LbContract, M>>[]> {
    const results = await Promise.allSettled(
      lbs.map(async (lb) => {
        const responded = await this.#requestOnceUp(lb, method, params)
        this.configs.update(lb, keep(this.configs.get(lb)!))
        return responded
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

  /** True while an LB has no process. */
  isDown(lb: string): boolean {
    return ['kept-stopped', 'restarting', 'stopped'].includes(this.#states.state(lb).state)
  }

  async #requestOnceUp<M extends MethodOf<LbContract>>(
    lb: string,
    method: M,
    params: Params<LbContract, M>,
  ): Promise<LbResponse<Result<LbContract, M>>> {
    const deadline = performance.now() + STARTING_MAX_MS
    for (;;) {
      // An LB that is just starting may have read its configuration already.
      const isStarted = (): boolean => this.#states.state(lb).state !== 'starting'
      await until(this.#states, isStarted, { timeoutMs: deadline - performance.now() })
      try {
        return { lb, response: await this.#roles.lb(lb)(method, params) }
      } catch (error) {
        if (this.isDown(lb)) return { lb, unreachable: (error as Error).message }
        // Restarted meanwhile: the new process needs the request, too.
        if (this.#states.state(lb).state !== 'starting' || performance.now() >= deadline) throw error
      }
    }
  }
}
