import { setTimeout as sleep } from 'node:timers/promises'
import type { LbServiceConfig, LbStatus, PlacedVip, ServiceChange } from '@fivetuple/lb-node'
import type { SwitchStatus } from '@fivetuple/switch'
import type { VipsControl } from '../api/control.js'
import { ApiError } from '../api/problem.js'
import type { LbVips, VipSettings, VipSettingsChange } from '../api/status.js'
import type { ClusterPlan } from '../plan/plan.js'
import type { Ask } from './ask.js'
import type { LbConfigs } from './lb-configs.js'
import { lbNamed, vipNamed } from './lookup.js'

/** Longest wait for the uplink switch to route as an LB's interface says. */
const CONVERGENCE_MAX_MS = 2_000
const CONVERGENCE_STEP_MS = 5

/** What operators do with VIPs: where each is, and how its flows are balanced. */
export class VipControl implements VipsControl {
  readonly #plan: ClusterPlan
  readonly #configs: LbConfigs
  readonly #ask: Ask

  constructor(plan: ClusterPlan, configs: LbConfigs, ask: Ask) {
    this.#plan = plan
    this.#configs = configs
    this.#ask = ask
  }

  /** The VIPs on the interfaces of an LB or of all ('all'). */
  vips(lb: string): Promise<LbVips[]> {
    return Promise.all(
      lbNamed(this.#plan, lb).map(async (name) =>
        this.#named(name, ((await this.#ask(name, 'status', {})) as LbStatus).vips),
      ),
    )
  }

  /** Puts a VIP on interfaces, or takes it off; resolves when the uplink switch routes accordingly. */
  async setVip(lb: string, vip: string, present: boolean): Promise<LbVips[]> {
    const lbs = lbNamed(this.#plan, lb)
    const { address } = vipNamed(this.#plan, vip)
    const method = present ? 'addAddress' : 'removeAddress'
    const answers = await Promise.all(
      lbs.map(async (name) => {
        const { vips } = (await this.#ask(name, method, { address })) as { vips: PlacedVip[] }
        this.#configs.update(name, { vips: vips.map((placed) => placed.address) })
        return this.#named(name, vips)
      }),
    )
    const isHeld = ({ vips }: LbVips): boolean =>
      vips.some((placed) => placed.address === address && placed.heldBackBy.length > 0)
    const free = answers.filter((answer) => !present || !isHeld(answer)).map(({ lb: name }) => name)
    await this.#untilRouted(address, free, present)
    return answers
  }

  /** Changes how a VIP's new flows are balanced, on all LBs; sessions stay where they are. */
  async changeVip(vip: string, change: VipSettingsChange): Promise<VipSettings> {
    const { name, backends } = vipNamed(this.#plan, vip)
    for (const backend of Object.keys(change.weights ?? {}))
      if (!backends.includes(backend))
        throw new ApiError(400, `weights.${backend} is no backend of ${name}: there are ${backends.join(', ')}`)
    const services = await Promise.all(
      this.#configs.names.map(async (lb) => {
        const service = (await this.#ask(lb, 'setService', {
          name,
          ...change,
        } satisfies ServiceChange)) as LbServiceConfig
        const { services: before } = this.#configs.get(lb)!
        this.#configs.update(lb, { services: before.map((known) => (known.name === name ? service : known)) })
        return service
      }),
    )
    const { policy, limits, backends: weighted } = services[0]!
    return { name, policy, limits, weights: Object.fromEntries(weighted.map((b) => [b.name, b.weight])) }
  }

  /** Waits until the uplink switch has heard of a change, so that who asked for it can rely on it. */
  async #untilRouted(address: string, lbs: readonly string[], present: boolean): Promise<void> {
    const deadline = performance.now() + CONVERGENCE_MAX_MS
    for (;;) {
      const { routes } = (await this.#ask(this.#plan.uplink.name, 'status', {})) as SwitchStatus
      const via = routes.find(({ prefix }) => prefix === `${address}/32`)?.nextHops.map((hop) => hop.via) ?? []
      if (lbs.every((name) => via.includes(name) === present)) return
      if (performance.now() > deadline)
        throw new ApiError(
          503,
          `the interfaces are changed, but the uplink switch does not route accordingly after ${CONVERGENCE_MAX_MS} ms; see 'fivetuple status'`,
        )
      await sleep(CONVERGENCE_STEP_MS)
    }
  }

  #named(lb: string, placed: readonly PlacedVip[]): LbVips {
    const vips = placed.map(({ address, heldBackBy }) => ({
      address,
      names: this.#plan.vips.filter((vip) => vip.address === address).map(({ name }) => name),
      heldBackBy,
    }))
    return { lb, vips }
  }
}
