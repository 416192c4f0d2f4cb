import { lbsOnly, roleNamed } from '../actions/lookup.js'
import { killedReport } from '../actions/role-reports.js'
import type { MomentaryKind } from './momentary-kind.js'

export interface KilledRole {
  readonly kind: 'killed'
  readonly role: string
}

/** A role is ended (SIGKILL), and started again after its backoff. */
export const killedRole: MomentaryKind<KilledRole> = {
  kind: 'killed',
  summary: 'a role is killed (SIGKILL), and started again after its backoff',
  check: ({ role }, { plan }) => roleNamed(plan, role),
  async apply({ role }, { plan, supervisor }) {
    const before = supervisor.state(role)
    return killedReport(plan, before, await supervisor.kill(role, false))
  },
  endsRoutesOf: ({ role }, { plan }) => lbsOnly(plan, role),
  describe: ({ role }) => `${role} is killed`,
}
