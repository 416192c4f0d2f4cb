import { setTimeout as sleep } from 'node:timers/promises'
import type { LbStatus } from '@fivetuple/lb-node'
import type { SwitchStatus } from '@fivetuple/switch'
import { ApiError } from '../api/problem.js'
import type { ClusterPlan } from '../plan/plan.js'
import type { Ask } from './ask.js'

/** An LB is back within a second; one that is not after ten won't be without help. */
const RECOVERY_MAX_MS = 10_000
const RECOVERY_STEP_MS = 20

/** Tells when LBs carry again what they are to carry. */
export class Recovery {
  readonly #plan: ClusterPlan
  readonly #ask: Ask

  constructor(plan: ClusterPlan, ask: Ask) {
    this.#plan = plan
    this.#ask = ask
  }

  /**
   * Waits until all routes of LBs are there: each VIP on their interfaces at the uplink switch, their BIPs at the downlink
   * switch. Rejects, with what is missing, when that takes too long.
   */
  async untilRouted(lbs: readonly string[]): Promise<void> {
    const deadline = performance.now() + RECOVERY_MAX_MS
    for (;;) {
      const missing = await this.#missing(lbs).catch((error: Error) => error.message)
      if (missing === undefined) return
      if (performance.now() > deadline)
        throw new ApiError(503, `not all is back after ${RECOVERY_MAX_MS / 1000} s: ${missing}; see 'fivetuple status'`)
      await sleep(RECOVERY_STEP_MS)
    }
  }

  /** VIPs, by name, that are routed to an LB. */
  async vipsOf(lb: string): Promise<string[]> {
    const routed = routesVia((await this.#ask(this.#plan.uplink.name, 'status', {})) as SwitchStatus, lb)
    return this.#plan.vips.filter(({ address }) => routed.has(`${address}/32`)).map(({ name }) => name)
  }

  async #missing(lbs: readonly string[]): Promise<string | undefined> {
    const { uplink, downlink } = this.#plan
    const [above, below] = (await Promise.all(
      [uplink, downlink].map(({ name }) => this.#ask(name, 'status', {})),
    )) as SwitchStatus[]
    const statuses = (await Promise.all(lbs.map((lb) => this.#ask(lb, 'status', {})))) as LbStatus[]
    for (const { name, bip, cables, vips, draining } of statuses) {
      for (const side of ['uplink', 'downlink'] as const)
        if (!cables[side]) return `${name} has no carrier to the ${side} switch`
      if (!routesVia(below!, name).has(`${bip}/32`)) return `the route to ${name}'s BIP`
      const routed = routesVia(above!, name)
      for (const { address, heldBackBy } of vips) {
        if (heldBackBy.includes('no-downlink')) return `${name} has not noticed its carrier`
        if (heldBackBy.length === 0 && !draining && !routed.has(`${address}/32`))
          return `the route of ${address} by ${name}`
      }
    }
    return undefined
  }
}

/** Prefixes that are forwarded to an LB. */
function routesVia({ routes }: SwitchStatus, lb: string): Set<string> {
  return new Set(routes.filter(({ nextHops }) => nextHops.some(({ via }) => via === lb)).map(({ prefix }) => prefix))
}
