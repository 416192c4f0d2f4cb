import type { RolesControl } from '../../operations/control.js'
import type { FaultReport } from '../../operations/fault-report-schema.js'
import type { RollingProgress, RollingResult } from '../../operations/rolling-schemas.js'
import type { FaultControl } from '../faults/fault-control.js'
import type { LauncherParts } from '../parts.js'
import { asApiError } from './api-errors.js'
import type { Drains } from './drains.js'
import { roleNamed } from './lookup.js'
import { killedReport, lbsBehind, startedReport } from './role-reports.js'
import { RollingRestart } from './rolling-restart.js'

/** Ends, starts and restarts roles. */
export class Roles implements RolesControl {
  readonly #parts: Pick<LauncherParts, 'plan' | 'supervisor'>
  readonly #faults: FaultControl
  readonly #rolling: RollingRestart

  constructor(parts: LauncherParts, faults: FaultControl, drains: Drains) {
    this.#parts = parts
    this.#faults = faults
    this.#rolling = new RollingRestart({ ...parts, lbs: parts.plan.lbs.map(({ name }) => name), drains })
  }

  async kill(role: string): Promise<FaultReport> {
    const { plan, supervisor } = this.#parts
    const before = supervisor.state(roleNamed(plan, role))
    const after = await asApiError(() => supervisor.kill(role, false))
    return { ...killedReport(plan, before, after), injected: [] }
  }

  async restart(role: string): Promise<FaultReport> {
    const { plan, supervisor } = this.#parts
    const { spec } = supervisor.state(roleNamed(plan, role))
    const startedAt = performance.now()
    await asApiError(() => supervisor.restart(role))
    const recovered = await this.#faults.untilRouted(lbsBehind(plan, spec), startedAt)
    return { ...startedReport(supervisor.state(role), recovered), injected: [] }
  }

  rollingRestart(drainMaxMs: number): AsyncGenerator<RollingProgress, RollingResult, undefined> {
    return this.#rolling.run(drainMaxMs)
  }
}
