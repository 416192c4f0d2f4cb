import type { LbServiceConfig, PlacedVip } from '@fivetuple/lb-node'
import { ApiError } from '../../api/problem.js'
import type { VipsControl } from '../../operations/control.js'
import type { LbVips, VipSettings, VipSettingsChange } from '../../operations/vip-schemas.js'
import type { ClusterPlan } from '../../plan/plan.js'
import type { ClusterView } from '../cluster-view.js'
import type { LbFleet, LbResponse } from '../lb-fleet.js'
import type { EventPredictions } from '../oracle/event-predictions.js'
import type { LauncherParts } from '../parts.js'
import { until } from '../until.js'
import { lbNamed, vipNamed } from './lookup.js'

/** Longest wait for the uplink switch to route according to an LB's interface. */
const CONVERGENCE_MAX_MS = 2_000

/** Actions of operators on VIPs: on which interfaces they are, and how their flows are balanced. */
export class Vips implements VipsControl {
  readonly #plan: ClusterPlan
  readonly #fleet: LbFleet
  readonly #view: ClusterView
  readonly #predictions: EventPredictions
  /** VIP → promise of the last requested change of its settings. */
  readonly #changed = new Map<string, Promise<unknown>>()

  constructor({ plan, fleet, view, predictions }: Pick<LauncherParts, 'plan' | 'fleet' | 'view' | 'predictions'>) {
    this.#predictions = predictions
    this.#plan = plan
    this.#fleet = fleet
    this.#view = view
  }

  /** The VIPs on the interfaces of an LB or of all ('all'). */
  async vips(lb: string): Promise<LbVips[]> {
    const responses = await this.#fleet.requestEach(lbNamed(this.#plan, lb), 'status', {})
    return responses.map((response) => this.#named(response))
  }

  /**
   * Puts a VIP on interfaces, or takes it off; resolves when the uplink switch routes accordingly.
   */
  async setVip(lb: string, vip: string, present: boolean): Promise<LbVips[]> {
    const { name, address } = vipNamed(this.#plan, vip)
    const lbs = lbNamed(this.#plan, lb)
    const event = present ? `${name} is put on ${lb}` : `${name} is taken off ${lb}`
    const expectation = await this.#predictions.before(event, present ? { add: lbs } : { kill: lbs }, name)
    const change = this.#fleet.change(lbs, present ? 'addAddress' : 'removeAddress', { address }, ({ vips }) => {
      const others = vips.filter((known) => known !== address)
      return { vips: present ? [...others, address] : others }
    })
    const responses = await expectation.unlessFails(change)
    const placed = responses.map((response) => this.#named(response))
    const isHeld = ({ vips }: LbVips): boolean =>
      vips.some((known) => known.address === address && known.inhibitedBy.length > 0)
    const free = placed.filter((of) => of.unreachable === undefined && (!present || !isHeld(of)))
    await this.#untilRouted(
      address,
      free.map((of) => of.lb),
      present,
    )
    return placed
  }

  /**
   * Changes the balancing of a VIP's new flows on all LBs; sessions keep their backends. Changes
   * run one after the other: each adds to the current settings, and of two at once the second would
   * undo the first.
   */
  async changeVip(vip: string, change: VipSettingsChange): Promise<VipSettings> {
    const { name, backends } = vipNamed(this.#plan, vip)
    for (const backend of Object.keys(change.weights ?? {}))
      if (!backends.includes(backend))
        throw new ApiError(400, `weights.${backend} is no backend of ${name}: there are ${backends.join(', ')}`)
    const before = this.#changed.get(name) ?? Promise.resolve()
    const changed = before.then(() => this.#change(name, change))
    this.#changed.set(
      name,
      changed.catch(() => {}),
    )
    return changed
  }

  async #change(name: string, change: VipSettingsChange): Promise<VipSettings> {
    const { configs } = this.#fleet
    const before = configs.get(configs.names[0]!)!.services.find((known) => known.name === name)! // all LBs have the same
    const service = changedService(before, change)
    await this.#fleet.change(configs.names, 'setService', service, ({ services }) => ({
      services: services.map((known) => (known.name === name ? service : known)),
    }))
    const weights = Object.fromEntries(service.backends.map((backend) => [backend.name, backend.weight]))
    return { name, policy: service.policy, limits: service.limits, weights }
  }

  /** Waits until the uplink switch has reported a change, so that the operator can rely on it. */
  async #untilRouted(address: string, lbs: readonly string[], present: boolean): Promise<void> {
    const isRouted = (): boolean => {
      const via = this.#view.lbsVia(address)
      return lbs.every((name) => via.includes(name) === present)
    }
    if (!(await until(this.#view, isRouted, { timeoutMs: CONVERGENCE_MAX_MS })))
      throw new ApiError(
        503,
        `the interfaces are changed, but the uplink switch does not route accordingly after ${CONVERGENCE_MAX_MS} ms; see 'fivetuple status'`,
      )
  }

  /**
   * VIPs on the interface of an LB; for an LB that does not respond, those of its configuration.
   */
  #named(response: LbResponse<{ readonly vips: readonly PlacedVip[] }>): LbVips {
    const { lb } = response
    const placed =
      'response' in response
        ? response.response.vips
        : this.#fleet.configs.get(lb)!.vips.map((address) => ({ address, inhibitedBy: [], drainedBy: [] }))
    const vips = placed.map(({ address, inhibitedBy, drainedBy }) => ({
      address,
      names: this.#plan.vips.filter((vip) => vip.address === address).map(({ name }) => name),
      inhibitedBy,
      drainedBy,
    }))
    return { lb, vips, ...('unreachable' in response && { unreachable: response.unreachable }) }
  }
}

function changedService(before: LbServiceConfig, { policy, limits, weights }: VipSettingsChange): LbServiceConfig {
  const weightOf = new Map(Object.entries(weights ?? {})) // an object has a 'constructor', and a backend may have that name
  return {
    ...before,
    policy: policy ?? before.policy,
    limits: { ...before.limits, ...limits },
    backends: before.backends.map((backend) => ({ ...backend, weight: weightOf.get(backend.name) ?? backend.weight })),
  }
}
