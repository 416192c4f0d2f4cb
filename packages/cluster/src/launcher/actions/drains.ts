import { ApiError } from '../../api/problem.js'
import type { DrainsControl } from '../../operations/control.js'
import type { BackendDrain, LbDrain } from '../../operations/drain-schemas.js'
import type { ClusterPlan } from '../../plan/plan.js'
import type { ClusterView } from '../cluster-view.js'
import type { LbFleet } from '../lb-fleet.js'
import type { EventPredictions } from '../oracle/event-predictions.js'
import type { LauncherParts } from '../parts.js'
import type { RoleClients } from '../role-contracts.js'
import { until } from '../until.js'
import { backendNamed, oneLbNamed } from './lookup.js'

/** Longest wait for the uplink switch to receive a drain. */
const CONVERGENCE_MAX_MS = 2_000

type Parts = Pick<LauncherParts, 'plan' | 'fleet' | 'roles' | 'view' | 'predictions'>

/** Takes LBs and backends out of service without ending their flows, and puts them back. */
export class Drains implements DrainsControl {
  readonly #plan: ClusterPlan
  readonly #fleet: LbFleet
  readonly #roles: RoleClients
  readonly #view: ClusterView
  readonly #predictions: EventPredictions

  constructor({ plan, fleet, roles, view, predictions }: Parts) {
    this.#view = view
    this.#predictions = predictions
    this.#plan = plan
    this.#fleet = fleet
    this.#roles = roles
  }

  /**
   * Keeps new flows from an LB, or ends that; established flows continue. An LB that is down gets
   * the change when it starts.
   */
  async drainLb(lb: string, draining: boolean): Promise<LbDrain> {
    const name = oneLbNamed(this.#plan, lb)
    const event = draining ? `${name} drains` : `the drain of ${name} ends`
    const expectation = await this.#predictions.before(event, draining ? { drain: [name] } : { undrain: [name] })
    await expectation.unlessFails(this.#fleet.change([name], 'setDraining', { draining }, () => ({ draining })))
    await this.#untilSwitchKnows(name, draining)
    return this.lbDrain(name)
  }

  /**
   * Waits until the switch has received the drain. Until then flows may still begin on the LB: an
   * LB that is empty before is not drained.
   */
  async #untilSwitchKnows(lb: string, draining: boolean): Promise<void> {
    const addresses = this.#plan.vips.map(({ address }) => address)
    const isKnown = (): boolean =>
      addresses
        .flatMap((address) => this.#view.routesOf(address).filter((route) => route.lb === lb))
        .every(({ isDraining }) => isDraining === draining)
    if (!(await until(this.#view, isKnown, { timeoutMs: CONVERGENCE_MAX_MS })))
      throw new ApiError(
        503,
        `${lb} ${draining ? 'drains' : 'no longer drains'}, but the uplink switch has not reported it after ${CONVERGENCE_MAX_MS} ms`,
      )
  }

  /** Progress of the drain of an LB. */
  async lbDrain(lb: string): Promise<LbDrain> {
    const name = oneLbNamed(this.#plan, lb)
    if (this.#fleet.isDown(name)) {
      const { draining } = this.#fleet.configs.get(name)!
      return { lb: name, draining, sessions: 0, onlyCarrierOf: [] }
    }
    const { draining, sessions, sessionsToDrain, services } = await this.#roles.lb(name)('status', {})
    const onlyCarrierOf = draining ? this.#onlyCarrierOf(name) : []
    // UDP flows that no other LB takes go on here.
    const staying = this.#plan.vips.filter((vip) => vip.protocol === 'udp' && onlyCarrierOf.includes(vip.name))
    const udp = services.filter((service) => staying.some((vip) => vip.name === service.name))
    const udpSessions = udp.reduce((sum, service) => sum + service.sessions, 0)
    return { lb: name, draining, sessions: Math.min(sessions, sessionsToDrain + udpSessions), onlyCarrierOf }
  }

  /**
   * VIPs whose new flows go to an LB that drains, since the uplink switch has no other LB for them.
   */
  #onlyCarrierOf(lb: string): string[] {
    const alone = this.#plan.vips.filter(({ address }) => {
      const routes = this.#view.routesOf(address)
      return routes.some((route) => route.lb === lb) && routes.every((route) => route.lb === lb || route.isDraining)
    })
    return alone.map(({ name }) => name)
  }

  /** Keeps new flows of all VIPs from a backend, or ends that; its sessions continue. */
  async drainBackend(name: string, draining: boolean): Promise<BackendDrain> {
    const backend = backendNamed(this.#plan, name)
    const params = { backend, drained: draining }
    await this.#fleet.change(this.#fleet.configs.names, 'drainBackend', params, ({ drainedBackends }) => {
      const others = drainedBackends.filter((other) => other !== backend)
      return { drainedBackends: draining ? [...others, backend] : others }
    })
    return this.backendDrain(backend)
  }

  /** Progress of the drain of a backend: its sessions per LB. */
  async backendDrain(name: string): Promise<BackendDrain> {
    const backend = backendNamed(this.#plan, name)
    // An LB that is down has no sessions.
    const running = this.#fleet.configs.names.filter((lb) => !this.#fleet.isDown(lb))
    const statuses = await Promise.all(running.map(async (lb) => [lb, await this.#roles.lb(lb)('status', {})] as const))
    const perLb = statuses.map(([lb, { services }]) => {
      const seen = services.flatMap(({ backends }) => backends.filter((known) => known.name === backend))
      return {
        lb,
        sessions: seen.reduce((sum, { sessionsToDrain }) => sum + sessionsToDrain, 0),
        draining: seen.some((b) => b.isDrained),
      }
    })
    return {
      backend,
      draining: perLb.length === 0 ? this.#isToBeDrained(backend) : perLb.every(({ draining }) => draining),
      sessions: perLb.reduce((sum, { sessions }) => sum + sessions, 0),
      sessionsPerLb: Object.fromEntries(perLb.map(({ lb, sessions }) => [lb, sessions])),
    }
  }

  /** True if the configuration of the LBs has the drain, which they read when they start. */
  #isToBeDrained(backend: string): boolean {
    const { configs } = this.#fleet
    return configs.names.every((lb) => configs.get(lb)!.drainedBackends.includes(backend))
  }
}
