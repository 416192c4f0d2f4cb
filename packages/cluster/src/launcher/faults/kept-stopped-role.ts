import { lbsOnly, roleNamed } from '../actions/lookup.js'
import { killedReport, lbsBehind, startedReport } from '../actions/role-reports.js'
import { type FaultKind, type FieldsOf, faultSchema } from './fault-kind.js'

const schema = faultSchema('kept-stopped', {})
type KeptStoppedRole = FieldsOf<typeof schema>

/** A role is ended (SIGKILL) and not started again. */
export const keptStoppedRole: FaultKind<KeptStoppedRole, typeof schema> = {
  kind: 'kept-stopped',
  schema,
  summary: 'a role is killed (SIGKILL) and not started again',
  isRoleDown: true,
  keyOf: ({ role }) => role,
  check: ({ role }, { plan }) => roleNamed(plan, role),
  async apply([{ role }], { plan, supervisor }) {
    const before = supervisor.state(role)
    return killedReport(plan, before, await supervisor.kill(role, true))
  },
  undo: ({ role }, { supervisor }) => supervisor.launch(role),
  async list({ supervisor }) {
    const stopped = supervisor.states().filter(({ state }) => state === 'kept-stopped')
    return stopped.map(({ spec }) => ({ kind: 'kept-stopped', role: spec.name }))
  },
  describe: ({ role }) => `${role} is kept stopped`,
  undoCommand: ({ role }) => `fivetuple start ${role}`,
  cleared: ([{ role }], recovered, { supervisor }) => startedReport(supervisor.state(role), recovered),
  endsRoutesOf: ({ role }, { plan }) => lbsOnly(plan, role),
  awaited: ({ role }, { plan, supervisor }) => lbsBehind(plan, supervisor.state(role).spec),
  keepsRoutesAway: (lb, { plan, supervisor }) =>
    [lb, plan.uplink.name, plan.downlink.name].some((name) => supervisor.state(name).state === 'kept-stopped'),
}
