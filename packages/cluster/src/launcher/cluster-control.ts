import { setTimeout as sleep } from 'node:timers/promises'
import type { LbStatus } from '@fivetuple/lb-node'
import { formatEndpoint, parseEndpoint } from '@fivetuple/packet'
import type { SwitchStatus } from '@fivetuple/switch'
import { ApiError, type ClusterControl } from '../api/server.js'
import type { ClusterStatus, Explanation, LbVips, RouteDecision, SessionView } from '../api/status.js'
import type { ClusterPlan } from '../plan/plan.js'
import type { Supervisor } from './supervisor.js'

/** Longest wait for the uplink switch to route as an LB's interface says. */
const CONVERGENCE_MAX_MS = 2_000
const CONVERGENCE_STEP_MS = 5

/** Answers the control API by asking the roles. */
export class LauncherControl implements ClusterControl {
  readonly #plan: ClusterPlan
  readonly #supervisor: Supervisor
  readonly #keepVips: (lb: string, vips: readonly string[]) => void

  /** @param keepVips remembers the VIPs of an LB, for when it is started again */
  constructor(plan: ClusterPlan, supervisor: Supervisor, keepVips: (lb: string, vips: readonly string[]) => void) {
    this.#plan = plan
    this.#supervisor = supervisor
    this.#keepVips = keepVips
  }

  async status(): Promise<ClusterStatus> {
    const plan = this.#plan
    const silent: { name: string; reason: string }[] = []
    const ask = async <T>(names: readonly string[]): Promise<Record<string, T>> => {
      const answers = await Promise.all(
        names.map((name) =>
          this.#supervisor.request(name, 'status').catch((error: Error) => {
            silent.push({ name, reason: error.message })
            return undefined
          }),
        ),
      )
      return Object.fromEntries(
        names.map((name, i) => [name, answers[i] as T]).filter(([, answer]) => answer !== undefined),
      )
    }
    const [switches, lbs] = await Promise.all([
      ask<SwitchStatus>(plan.switches.map(({ name }) => name)),
      ask<LbStatus>(plan.lbs.map(({ name }) => name)),
    ])
    const uplink = switches[plan.uplink.name]
    return {
      name: plan.name,
      block: plan.block,
      roles: this.#supervisor.states().map(({ spec, ...state }) => ({ name: spec.name, kind: spec.kind, ...state })),
      vips: plan.vips.map((vip) => ({
        name: vip.name,
        address: vip.address,
        port: vip.port,
        protocol: vip.protocol,
        listen: `${vip.listen.address}:${vip.listen.port}`,
        lbs: vip.lbs,
        routedTo:
          uplink?.routes.find(({ prefix }) => prefix === `${vip.address}/32`)?.nextHops.map(({ via }) => via) ?? [],
      })),
      switches,
      lbs,
      silent,
    }
  }

  async explain(client: string, vip: string, protocol: 'tcp' | 'udp'): Promise<Explanation> {
    const from = parseEndpoint(client)
    const to = parseEndpoint(vip) ?? this.#vipByName(vip)
    if (from === undefined) throw new ApiError(400, `client '${client}' is no address:port, as in 127.20.100.7:41234`)
    if (to === undefined)
      throw new ApiError(
        400,
        `vip '${vip}' is neither address:port nor one of ${this.#plan.vips.map(({ name }) => name)}`,
      )
    const question = { client: from, vip: to, protocol }
    const route = (await this.#ask(this.#plan.uplink.name, 'explain', question)) as RouteDecision | null
    const session =
      route === null ? null : ((await this.#ask(route.lb, 'session', question).catch(() => null)) as SessionView | null)
    return {
      client: formatEndpoint(from.address, from.port),
      vip: formatEndpoint(to.address, to.port),
      protocol,
      route,
      session,
    }
  }

  async vips(lb: string): Promise<LbVips[]> {
    return Promise.all(
      this.#lbNames(lb).map(async (name) =>
        this.#named(name, ((await this.#ask(name, 'status', {})) as LbStatus).vips),
      ),
    )
  }

  async setVip(lb: string, vip: string, present: boolean): Promise<LbVips[]> {
    const lbs = this.#lbNames(lb)
    const address = this.#plan.vips.find((known) => known.name === vip || known.address === vip)?.address
    if (address === undefined)
      throw new ApiError(
        404,
        `there is no VIP '${vip}'; there are ${this.#plan.vips.map(({ name }) => name).join(', ')}`,
      )
    const answers = await Promise.all(
      lbs.map(async (name) => {
        const method = present ? 'addAddress' : 'removeAddress'
        const { vips } = (await this.#ask(name, method, { address })) as { vips: string[] }
        this.#keepVips(name, vips)
        return this.#named(name, vips)
      }),
    )
    await this.#untilRouted(address, lbs, present)
    return answers
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

  #lbNames(lb: string): string[] {
    const names = this.#plan.lbs.map(({ name }) => name)
    if (lb === 'all') return names
    if (!names.includes(lb)) throw new ApiError(404, `there is no LB '${lb}'; there are ${names.join(', ')} and 'all'`)
    return [lb]
  }

  #named(lb: string, addresses: readonly string[]): LbVips {
    const vips = addresses.map((address) => ({
      address,
      names: this.#plan.vips.filter((vip) => vip.address === address).map(({ name }) => name),
    }))
    return { lb, vips }
  }

  #vipByName(name: string) {
    const vip = this.#plan.vips.find((candidate) => candidate.name === name)
    return vip && parseEndpoint(`${vip.address}:${vip.port}`)
  }

  #ask(name: string, method: string, params: unknown): Promise<unknown> {
    return this.#supervisor.request(name, method, params).catch((error: Error) => {
      throw new ApiError(503, error.message)
    })
  }
}
