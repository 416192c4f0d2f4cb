import { setTimeout as sleep } from 'node:timers/promises'
import type { SwitchStatus } from '@fivetuple/switch'
import { ApiError } from '../api/problem.js'
import type { ClusterPlan } from '../plan/plan.js'
import type { RoleClients } from './role-contracts.js'

/** An LB is back within a second; one that is not after ten won't be without help. */
const RECOVERY_MAX_MS = 10_000
const RECOVERY_STEP_MS = 20
/** Backends that an LB could not reach are found healthy again within this time, if they are. */
const HEALTH_MAX_MS = 5_000

/** Tells when LBs carry again what they are to carry. */
export class Recovery {
  readonly #plan: ClusterPlan
  readonly #roles: RoleClients

  constructor(plan: ClusterPlan, roles: RoleClients) {
    this.#plan = plan
    this.#roles = roles
  }

  /**
   * Waits until all routes of LBs are there: each VIP on their interfaces at the uplink switch, their BIPs at the downlink
   * switch. Rejects, with what is missing, when that takes too long.
   * @returns names of VIPs that stay away from one of them for want of healthy backends, which it waits for in vain
   */
  async untilRouted(lbs: readonly string[]): Promise<string[]> {
    const startedAt = performance.now()
    for (;;) {
      const state = await this.#missing(lbs).catch((error: Error) => error.message)
      const elapsedMs = performance.now() - startedAt
      if (Array.isArray(state) && (state.length === 0 || elapsedMs > HEALTH_MAX_MS)) return state
      if (elapsedMs > RECOVERY_MAX_MS)
        throw new ApiError(503, `not all is back after ${RECOVERY_MAX_MS / 1000} s: ${state}; see 'fivetuple status'`)
      // When the cluster is stopped meanwhile, nobody waits any more, and the launcher need not.
      await sleep(RECOVERY_STEP_MS, undefined, { ref: false })
    }
  }

  /** VIPs, by name, that are routed to an LB. */
  async vipsOf(lb: string): Promise<string[]> {
    const routed = routesVia(await this.#roles.switch(this.#plan.uplink.name)('status', {}), lb)
    return this.#plan.vips.filter(({ address }) => routed.has(`${address}/32`)).map(({ name }) => name)
  }

  /** What is missing, or, when nothing is that must come, the VIPs that want for healthy backends. */
  async #missing(lbs: readonly string[]): Promise<string | string[]> {
    const { uplink, downlink } = this.#plan
    const [above, below] = await Promise.all(
      [uplink, downlink].map(({ name }) => this.#roles.switch(name)('status', {})),
    )
    const statuses = await Promise.all(lbs.map((lb) => this.#roles.lb(lb)('status', {})))
    const unhealthy = new Set<string>()
    for (const { name, bip, cables, vips, draining } of statuses) {
      for (const side of ['uplink', 'downlink'] as const)
        if (!cables[side]) return `${name} has no carrier to the ${side} switch`
      if (!routesVia(below!, name).has(`${bip}/32`)) return `the route to ${name}'s BIP`
      const routed = routesVia(above!, name)
      for (const { address, inhibitedBy } of vips) {
        if (inhibitedBy.includes('no-downlink')) return `${name} has not noticed its carrier`
        if (inhibitedBy.join() === 'no-healthy-backend') unhealthy.add(this.#nameOf(address))
        if (inhibitedBy.length === 0 && !draining && !routed.has(`${address}/32`))
          return `the route of ${address} by ${name}`
      }
    }
    return [...unhealthy]
  }

  #nameOf(vip: string): string {
    return this.#plan.vips.find(({ address }) => address === vip)?.name ?? vip
  }
}

/** Prefixes that are forwarded to an LB. */
function routesVia({ routes }: SwitchStatus, lb: string): Set<string> {
  return new Set(routes.filter(({ nextHops }) => nextHops.some(({ via }) => via === lb)).map(({ prefix }) => prefix))
}
