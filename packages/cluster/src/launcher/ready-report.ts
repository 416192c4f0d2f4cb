import type { ClusterPlan } from '../plan/plan.js'
import type { ClusterView } from './cluster-view.js'
import type { ReadyReport } from './events/event.js'
import { listenFailureOf } from './listen-failure.js'
import type { RoleState } from './supervisor.js'

/** Returns the addresses and pids of a cluster that is ready. */
export function readyReport(
  plan: ClusterPlan,
  view: Pick<ClusterView, 'listenFailures'>,
  states: readonly RoleState[],
): ReadyReport {
  const pids = new Map(states.map(({ spec, pid }) => [spec.name, pid]))
  const pid = (name: string): number => pids.get(name) ?? 0
  return {
    api: `http://${plan.api.address}:${plan.api.port}`,
    block: plan.block,
    vips: plan.vips.map(({ name, address, port, protocol, listen, lbs }) => ({
      name,
      address,
      port,
      protocol,
      listen: `${listen.address}:${listen.port}`,
      listenFailure: listenFailureOf(name, view.listenFailures),
      lbs,
    })),
    lbs: plan.lbs.map(({ name, address, bip }) => ({ name, pid: pid(name), address, bip })),
    backends: plan.backends.map(({ name, address, port }) => ({ name, pid: pid(name), address, port })),
    switches: plan.switches.map(({ name, role, address }) => ({ name, role, pid: pid(name), address })),
  }
}
