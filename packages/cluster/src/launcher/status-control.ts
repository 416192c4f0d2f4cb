import { type Endpoint, formatEndpoint, formatIpv4, parseEndpoint } from '@fivetuple/packet'
import type { FlowShift, ListenFailureStatus } from '@fivetuple/switch'
import { ApiError } from '../api/problem.js'
import type { StatusControl } from '../operations/control.js'
import type {
  ClusterStatus,
  Explanation,
  FlowPrediction,
  LbSessions,
  ListenFailure,
  Prediction,
} from '../operations/status-schemas.js'
import type { ClusterPlan } from '../plan/plan.js'
import type { LbFleet } from './lb-fleet.js'
import { lbNamed, oneLbNamed, vipNamed } from './lookup.js'
import type { RoleClients } from './role-contracts.js'
import type { Supervisor } from './supervisor.js'

/** Tells what the cluster does, by asking the roles. */
export class LauncherStatus implements StatusControl {
  readonly #plan: ClusterPlan
  readonly #supervisor: Supervisor
  readonly #fleet: LbFleet
  readonly #roles: RoleClients

  constructor(plan: ClusterPlan, supervisor: Supervisor, fleet: LbFleet, roles: RoleClients) {
    this.#plan = plan
    this.#supervisor = supervisor
    this.#fleet = fleet
    this.#roles = roles
  }

  async status(): Promise<ClusterStatus> {
    const plan = this.#plan
    const unreachable: { name: string; reason: string }[] = []
    const statuses = async <T>(
      names: readonly string[],
      request: (name: string) => Promise<T>,
    ): Promise<Record<string, T>> => {
      const found = await Promise.all(
        names.map(async (name): Promise<[string, T][]> => {
          try {
            return [[name, await request(name)]]
          } catch (error) {
            unreachable.push({ name, reason: (error as Error).message })
            return []
          }
        }),
      )
      return Object.fromEntries(found.flat())
    }
    const [switches, lbs] = await Promise.all([
      statuses(
        plan.switches.map(({ name }) => name),
        (name) => this.#roles.switch(name)('status', {}),
      ),
      statuses(
        plan.lbs.map(({ name }) => name),
        (name) => this.#roles.lb(name)('status', {}),
      ),
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
          uplink?.routes
            .find(({ prefix }) => prefix === `${vip.address}/32`)
            ?.nextHops.flatMap(({ via, port }) => (port === null ? [] : [via])) ?? [],
        listenFailure: listenFailureOf(vip.name, uplink?.listenFailures ?? []),
      })),
      switches,
      lbs,
      unreachable,
    }
  }

  /** Sessions of LBs, of one VIP or of all; at most `limit` by LB. */
  async sessions(lb: string, vip: string | undefined, limit: number): Promise<LbSessions[]> {
    const name = vip === undefined ? undefined : vipNamed(this.#plan, vip).name
    const params = { ...(name !== undefined && { vip: name }), limit }
    const answers = await this.#fleet.requestEach(lbNamed(this.#plan, lb), 'sessions', params)
    return answers.map((told) =>
      'response' in told
        ? { lb: told.lb, sessions: told.response }
        : { lb: told.lb, sessions: [], unreachable: told.unreachable },
    )
  }

  async predict(without: readonly string[]): Promise<Prediction> {
    const names = [...new Set(without.map((name) => oneLbNamed(this.#plan, name)))]
    const { uplink, vips } = this.#plan
    const shifts = await this.#roles.switch(uplink.name)('predict', { without: names })
    return {
      without: names,
      selection: `${uplink.ecmp.selection} over ${uplink.ecmp.hash}`,
      vips: vips.flatMap(({ name, address, port, protocol }) => {
        const ofVip = protocol === 'tcp' ? shifts.filter(({ vip }) => isAt(vip, address, port)) : []
        const lbs = [...new Set(ofVip.map(({ from }) => from))].sort()
        const byLb = Object.fromEntries(
          lbs.map((lb) => [
            lb,
            predictionOf(
              ofVip.filter(({ from }) => from === lb),
              names,
            ),
          ]),
        )
        return ofVip.length === 0 ? [] : [{ vip: name, ...predictionOf(ofVip, names), byLb }]
      }),
    }
  }

  async explain(client: string, vip: string, asked: 'tcp' | 'udp' | undefined): Promise<Explanation> {
    const from = parseEndpoint(client)
    const named = this.#plan.vips.find(({ name }) => name === vip)
    const to = parseEndpoint(named === undefined ? vip : `${named.address}:${named.port}`)
    const protocol = asked ?? named?.protocol ?? 'tcp'
    if (from === undefined) throw new ApiError(400, `client '${client}' is no address:port, as in 127.20.100.7:41234`)
    if (to === undefined)
      throw new ApiError(
        400,
        `vip '${vip}' is neither address:port nor one of ${this.#plan.vips.map(({ name }) => name).join(', ')}`,
      )
    if (named !== undefined && named.protocol !== protocol)
      throw new ApiError(400, `${vip} is a ${named.protocol} service: leave the protocol out, or name an address:port`)
    const flow = { client: from, vip: to, protocol }
    const route = await this.#roles.switch(this.#plan.uplink.name)('explain', flow)
    const session =
      route === null
        ? null
        : await this.#roles
            .lb(route.lb)('session', flow)
            .catch(() => null)
    const others = session === null ? this.#runningLbs().filter((name) => name !== route?.lb) : []
    const answers = await this.#fleet.requestEach(others, 'session', flow).catch(() => [])
    return {
      client: formatEndpoint(from.address, from.port),
      vip: formatEndpoint(to.address, to.port),
      protocol,
      route,
      session,
      sessionsElsewhere: answers.flatMap((held) =>
        'response' in held && held.response !== null ? [{ lb: held.lb, session: held.response }] : [],
      ),
    }
  }

  /** LBs that can respond: an unresponsive one would hold the request up until its timeout. */
  #runningLbs(): string[] {
    return this.#supervisor
      .states()
      .filter(({ spec, state }) => spec.kind === 'lb' && state === 'running')
      .map(({ spec }) => spec.name)
  }
}

/** The failure of one VIP's listener, if it has one. */
export function listenFailureOf(vip: string, failures: readonly ListenFailureStatus[]): ListenFailure | null {
  const failure = failures.find(({ service }) => service === vip)
  return failure === undefined ? null : { code: failure.code, reason: failure.reason }
}

function isAt(vip: Endpoint, address: string, port: number): boolean {
  return vip.port === port && formatIpv4(vip.address) === address
}

/** Sums flows per outcome. @param gone LBs that are assumed to be gone */
function predictionOf(shifts: readonly FlowShift[], gone: readonly string[]): FlowPrediction {
  const sum = { flows: 0, directLoss: 0, collateral: 0, unaffected: 0 }
  for (const { from, to, flows } of shifts) {
    sum.flows += flows
    sum[gone.includes(from) ? 'directLoss' : from === to ? 'unaffected' : 'collateral'] += flows
  }
  return sum
}
