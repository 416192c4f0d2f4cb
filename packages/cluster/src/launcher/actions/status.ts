import type { ClusterStatus } from '../../operations/status-schemas.js'
import { listenFailureOf } from '../listen-failure.js'
import type { LauncherParts } from '../parts.js'
import { outcomesOf } from './flows.js'

/** Returns the status of all roles; those that do not respond are listed as unreachable. */
export async function clusterStatus({
  plan,
  supervisor,
  roles,
  flows,
}: Pick<LauncherParts, 'plan' | 'supervisor' | 'roles' | 'flows'>): Promise<ClusterStatus> {
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
      (name) => roles.switch(name)('status', {}),
    ),
    statuses(
      plan.lbs.map(({ name }) => name),
      (name) => roles.lb(name)('status', {}),
    ),
  ])
  const outcomes = outcomesOf({ plan, flows })
  const uplink = switches[plan.uplink.name]
  return {
    name: plan.name,
    block: plan.block,
    roles: supervisor.states().map(({ spec, ...state }) => ({ name: spec.name, kind: spec.kind, ...state })),
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
      outcomes: outcomes.vips.get(vip.name)!,
    })),
    switches,
    lbs,
    outcomes: Object.fromEntries(outcomes.lbs),
    unreachable,
  }
}
