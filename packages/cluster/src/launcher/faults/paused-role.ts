import type { EffectReport, Watch } from '../../operations/fault-report-schema.js'
import type { ClusterPlan } from '../../plan/plan.js'
import { lbsOnly, roleNamed } from '../actions/lookup.js'
import type { RoleKind } from '../role-contracts.js'
import { type FaultKind, type FieldsOf, faultSchema } from './fault-kind.js'
import { curl, done, HEALTH, OUTCOMES, onlyWay, STATUS } from './watch.js'

const schema = faultSchema('paused', {})
type PausedRole = FieldsOf<typeof schema>

/** A role is paused (SIGSTOP): it is unresponsive, but its connections stay. */
export const pausedRole: FaultKind<PausedRole, typeof schema> = {
  kind: 'paused',
  schema,
  summary: 'a role is paused (SIGSTOP): unresponsive, with its connections open',
  isRoleDown: true,
  keyOf: ({ role }) => role,
  check: ({ role }, { plan }) => roleNamed(plan, role),
  async apply([{ role }], { plan, supervisor }): Promise<EffectReport> {
    const { spec, pid } = supervisor.pause(role)
    const noticed = detectionOf(plan)
    const effects: Record<RoleKind, readonly Watch[]> = {
      lb: [
        {
          command: STATUS,
          expect: `its cables stay up, and it is in ROUTED TO until ${noticed}; if it is resumed before, its flows continue`,
        },
        OUTCOMES,
        ...curl(plan, `connections that hash to it stall, others work`),
      ],
      backend: [
        { command: HEALTH, expect: `its flows stall; LBs find ${role} unhealthy after some checks without a response` },
        ...curl(plan, 'connections that are given to it stall until then'),
      ],
      switch: [
        { command: STATUS, expect: `all flows stall; its routing sessions stay until ${noticed}` },
        ...curl(plan, 'no response until it is resumed'),
      ],
    }
    return {
      summary: `${role} (pid ${pid}) is paused: SIGSTOP`,
      warnings: onlyWay(spec.kind, role, `'fivetuple resume ${role}'`),
      watch: effects[spec.kind],
      undo: `fivetuple resume ${role}`,
    }
  },
  async undo({ role }, { supervisor }) {
    supervisor.resume(role)
  },
  async list({ supervisor }) {
    const paused = supervisor.states().filter(({ state }) => state === 'paused')
    return paused.map(({ spec }) => ({ kind: 'paused', role: spec.name }))
  },
  describe: ({ role }) => `${role} is paused (SIGSTOP)`,
  undoCommand: ({ role }) => `fivetuple resume ${role}`,
  cleared([{ role }], _, { supervisor }): EffectReport {
    const { spec, pid } = supervisor.state(role)
    const expect =
      spec.kind === 'backend'
        ? 'flows continue where they were; LBs find it healthy after some good checks'
        : 'flows continue where they were, if it was not detected; else sessions and routes come back within a second or so'
    return done(`${role} (pid ${pid}) is resumed: SIGCONT`, expect)
  },
  endsRoutesOf: ({ role }, { plan }) => lbsOnly(plan, role),
  awaited: () => [],
  keepsRoutesAway: (lb, { plan, supervisor }) =>
    [lb, plan.uplink.name, plan.downlink.name].some((name) => supervisor.state(name).state === 'paused'),
}

/** Names the detector of a pause, and the time after which it acts. */
function detectionOf({ uplink, lbs }: Pick<ClusterPlan, 'uplink' | 'lbs'>): string {
  const { holdTime } = uplink.bgp
  const bfd = lbs[0]?.bfd
  if (bfd !== undefined) return `BFD detects it after ${bfd.intervalMs * bfd.multiplier} ms`
  return holdTime === 0
    ? 'it is resumed, since BFD is off and the hold time is 0'
    : `the hold time (${holdTime} s) ends`
}
