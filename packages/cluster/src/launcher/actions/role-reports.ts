import type { EffectReport, Watch } from '../../operations/fault-report-schema.js'
import type { ClusterPlan } from '../../plan/plan.js'
import type { Recovered } from '../faults/fault-kind.js'
import { curl, done, HEALTH, OUTCOMES, onlyWay, STATUS } from '../faults/watch.js'
import type { RoleKind } from '../role-contracts.js'
import type { RoleSpec } from '../role-process.js'
import type { RoleState } from '../supervisor.js'

/** Report on a role that was ended with SIGKILL. */
export function killedReport(plan: ClusterPlan, before: RoleState, after: RoleState): EffectReport {
  const { name, kind } = before.spec
  const next =
    after.restartInMs === null
      ? `it is kept stopped until 'fivetuple start ${name}'`
      : `in ${after.restartInMs} ms it starts again, and is back within a second or two`
  const effects: Record<RoleKind, readonly Watch[]> = {
    lb: [
      {
        command: STATUS,
        expect: `at once: ${name} is gone from ROUTED TO; its flows end with a reset when they send next; ${next}`,
      },
      OUTCOMES,
      ...curl(plan, 'new connections take other LBs'),
    ],
    backend: [
      {
        command: HEALTH,
        expect: `LBs find ${name} unhealthy as soon as some connections to it have failed; ${next}`,
      },
      ...curl(plan, 'requests that it was processing fail; new connections go to other backends without an error'),
    ],
    switch: [
      { command: STATUS, expect: `at once: all links to it are down; ${next}` },
      ...curl(plan, 'no connection is established'),
    ],
  }
  return {
    summary: before.pid === 0 ? `${name} is kept stopped` : `${name} (pid ${before.pid}) is killed`,
    warnings: onlyWay(kind, name, 'it is back'),
    watch: effects[kind],
    undo: after.state === 'kept-stopped' ? `fivetuple start ${name}` : null,
  }
}

/** Report on a role that is ready after a start. */
export function startedReport({ spec, pid }: RoleState, { tookMs, inhibited }: Recovered): EffectReport {
  const { name, kind } = spec
  const isRouted = inhibited !== undefined
  const what = isRouted && kind !== 'backend' ? 'it is ready, and its routes are back' : 'it is ready'
  const expect =
    kind === 'backend'
      ? 'LBs give it new flows after some good checks'
      : isRouted
        ? 'new flows go there again'
        : 'its routes stay away while its link is down'
  return done(`${name} (pid ${pid}) is started: ${what}, after ${Math.round(tookMs)} ms`, expect, inhibited)
}

/** LBs whose routes come back when a role has started. */
export function lbsBehind({ lbs }: Pick<ClusterPlan, 'lbs'>, { kind, name }: RoleSpec): string[] {
  if (kind === 'backend') return []
  return kind === 'lb' ? [name] : lbs.map((lb) => lb.name)
}
