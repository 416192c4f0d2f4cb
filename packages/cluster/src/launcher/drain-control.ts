import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../api/problem.js'
import type { DrainsControl } from '../operations/control.js'
import type { BackendDrain, LbDrain } from '../operations/drain-schemas.js'
import type { ClusterPlan } from '../plan/plan.js'
import type { LbFleet } from './lb-fleet.js'
import { backendNamed, oneLbNamed } from './lookup.js'
import type { RoleClients } from './role-contracts.js'

/** Longest wait for the uplink switch to hear of a drain. */
const CONVERGENCE_MAX_MS = 2_000
const CONVERGENCE_STEP_MS = 5

/** Takes LBs and backends out of service without ending what they carry, and puts them back. */
export class DrainControl implements DrainsControl {
  readonly #plan: ClusterPlan
  readonly #fleet: LbFleet
  readonly #roles: RoleClients

  constructor(plan: ClusterPlan, fleet: LbFleet, roles: RoleClients) {
    this.#plan = plan
    this.#fleet = fleet
    this.#roles = roles
  }

  /** Keeps new flows from an LB, or lets them come again; what it carries goes on. One that is down learns it when it starts. */
  async drainLb(lb: string, draining: boolean): Promise<LbDrain> {
    const name = oneLbNamed(this.#plan, lb)
    await this.#fleet.change([name], 'setDraining', { draining }, () => ({ draining }))
    await this.#untilSwitchKnows(name, draining)
    return this.lbDrain(name)
  }

  /** Until then flows may still begin there: an LB that is empty before is not drained. */
  async #untilSwitchKnows(lb: string, draining: boolean): Promise<void> {
    const deadline = performance.now() + CONVERGENCE_MAX_MS
    for (;;) {
      const { routes } = await this.#roles.switch(this.#plan.uplink.name)('status', {})
      const hops = routes.flatMap(({ nextHops }) => nextHops.filter(({ via }) => via === lb))
      if (hops.every(({ isDraining }) => isDraining === draining)) return
      if (performance.now() > deadline)
        throw new ApiError(
          503,
          `${lb} has said so, but the uplink switch has not heard it after ${CONVERGENCE_MAX_MS} ms`,
        )
      await sleep(CONVERGENCE_STEP_MS)
    }
  }

  /** How far an LB is. */
  async lbDrain(lb: string): Promise<LbDrain> {
    const name = oneLbNamed(this.#plan, lb)
    if (this.#fleet.isDown(name)) {
      const { draining } = this.#fleet.configs.get(name)!
      return { lb: name, draining, sessions: 0, onlyCarrierOf: [] }
    }
    const { draining, sessions, sessionsToDrain, services } = await this.#roles.lb(name)('status', {})
    const onlyCarrierOf = draining ? await this.#onlyCarrierOf(name) : []
    // UDP flows that no other LB takes go on here.
    const staying = this.#plan.vips.filter((vip) => vip.protocol === 'udp' && onlyCarrierOf.includes(vip.name))
    const udp = services.filter((service) => staying.some((vip) => vip.name === service.name))
    const udpSessions = udp.reduce((sum, service) => sum + service.sessions, 0)
    return { lb: name, draining, sessions: Math.min(sessions, sessionsToDrain + udpSessions), onlyCarrierOf }
  }

  /** VIPs for which the uplink switch has nobody else to give new flows to, and so gives them to an LB that drains. */
  async #onlyCarrierOf(lb: string): Promise<string[]> {
    const { routes } = await this.#roles.switch(this.#plan.uplink.name)('status', {})
    const alone = this.#plan.vips.filter(({ address }) => {
      const route = routes.find(({ prefix }) => prefix === `${address}/32`)
      // A neighbour without a port carries no packet, whatever it announces.
      const hops = route?.nextHops.filter(({ port }) => port !== null) ?? []
      return hops.some(({ via }) => via === lb) && hops.every(({ via, isDraining }) => via === lb || isDraining)
    })
    return alone.map(({ name }) => name)
  }

  /** Keeps new flows of all VIPs from a backend, or lets them go there again; its sessions go on. */
  async drainBackend(name: string, draining: boolean): Promise<BackendDrain> {
    const backend = backendNamed(this.#plan, name)
    const params = { backend, drained: draining }
    await this.#fleet.change(this.#fleet.configs.names, 'drainBackend', params, ({ drainedBackends }) => {
      const others = drainedBackends.filter((other) => other !== backend)
      return { drainedBackends: draining ? [...others, backend] : others }
    })
    return this.backendDrain(backend)
  }

  /** How far a backend is: its sessions by LB. */
  async backendDrain(name: string): Promise<BackendDrain> {
    const backend = backendNamed(this.#plan, name)
    // An LB that is down has no sessions.
    const running = this.#fleet.configs.names.filter((lb) => !this.#fleet.isDown(lb))
    const statuses = await Promise.all(running.map(async (lb) => [lb, await this.#roles.lb(lb)('status', {})] as const))
    const byLb = statuses.map(([lb, { services }]) => {
      const seen = services.flatMap(({ backends }) => backends.filter((known) => known.name === backend))
      return {
        lb,
        sessions: seen.reduce((sum, { sessionsToDrain }) => sum + sessionsToDrain, 0),
        draining: seen.some((b) => b.isDrained),
      }
    })
    return {
      backend,
      draining: byLb.length === 0 ? this.#isToBeDrained(backend) : byLb.every(({ draining }) => draining),
      sessions: byLb.reduce((sum, { sessions }) => sum + sessions, 0),
      sessionsByLb: Object.fromEntries(byLb.map(({ lb, sessions }) => [lb, sessions])),
    }
  }

  /** By what all LBs are told when they start. */
  #isToBeDrained(backend: string): boolean {
    const { configs } = this.#fleet
    return configs.names.every((lb) => configs.get(lb)!.drainedBackends.includes(backend))
  }
}
