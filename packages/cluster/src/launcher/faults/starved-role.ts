import * as Type from 'typebox'
import type { EffectReport, Watch } from '../../operations/fault-report-schema.js'
import { roleNamed } from '../actions/lookup.js'
import { CPU_SHARE_MAX, CPU_SHARE_MIN } from '../duty-cycle.js'
import type { RoleKind } from '../role-contracts.js'
import { type FaultKind, type FieldsOf, faultSchema } from './fault-kind.js'
import { curl, done, HEALTH, STATUS } from './watch.js'

/** Share of the time in which a starved process may run. */
export const CpuShare = Type.Number({
  minimum: CPU_SHARE_MIN,
  maximum: CPU_SHARE_MAX,
  title: `a share of the time from ${CPU_SHARE_MIN} to ${CPU_SHARE_MAX}, or ${percent(CPU_SHARE_MIN)} to ${percent(CPU_SHARE_MAX)}`,
})

const schema = faultSchema('starved', { cpu: CpuShare })
type StarvedRole = FieldsOf<typeof schema>

/** A role gets a share of the CPU time: it is stopped and continued in turn, for milliseconds. */
export const starvedRole: FaultKind<StarvedRole, typeof schema> = {
  kind: 'starved',
  schema,
  summary: 'a role runs for a share of the time only, as on an overloaded machine',
  isRoleDown: false,
  keyOf: ({ role }) => role,
  check: ({ role }, { plan }) => roleNamed(plan, role),
  async apply([{ role, cpu }], { plan, supervisor }): Promise<EffectReport> {
    const { spec, pid } = supervisor.limitCpu(role, cpu)
    const effects: Record<RoleKind, readonly Watch[]> = {
      lb: [
        { command: STATUS, expect: `${role} stays in ROUTED TO as long as its BGP and BFD packets are in time` },
        ...curl(plan, `connections that hash to it take longer, others do not`),
      ],
      backend: [
        { command: HEALTH, expect: `${role} stays healthy as long as its responses to checks are in time` },
        ...curl(plan, 'connections that are given to it take longer'),
      ],
      switch: [
        { command: STATUS, expect: 'sessions stay as long as its BGP and BFD packets are in time' },
        ...curl(plan, 'all connections take longer'),
      ],
    }
    return {
      summary: `${role} (pid ${pid}) runs for ${percent(cpu)} of the time`,
      warnings: [],
      watch: effects[spec.kind],
      undo: null,
    }
  },
  async undo({ role }, { supervisor }) {
    if (supervisor.state(role).cpuShare !== null) supervisor.limitCpu(role, null)
  },
  async list({ supervisor }) {
    return supervisor.states().flatMap(({ spec, cpuShare }) => {
      return cpuShare === null ? [] : [{ kind: 'starved' as const, role: spec.name, cpu: cpuShare }]
    })
  },
  describe: ({ role, cpu }) => `${role} runs for ${percent(cpu)} of the time`,
  undoCommand: ({ id }) => `fivetuple faults clear ${id}`,
  cleared: ([{ role }]) => done(`${role} gets all the CPU time that it needs`, 'flows are as fast as before'),
  awaited: () => [],
  keepsRoutesAway: () => false,
}

function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`
}
