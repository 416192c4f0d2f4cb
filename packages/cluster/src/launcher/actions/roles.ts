import type { RolesControl } from '../../operations/control.js'
import type { FaultReport } from '../../operations/fault-report-schema.js'
import type { RollingProgress, RollingResult } from '../../operations/rolling-schemas.js'
import type { FaultControl } from '../faults/fault-control.js'
import type { Expectation } from '../oracle/event-predictions.js'
import type { LauncherParts } from '../parts.js'
import { asApiError } from './api-errors.js'
import type { Drains } from './drains.js'
import { lbsOnly, roleNamed } from './lookup.js'
import { lbsBehind, startedReport } from './role-reports.js'
import { RollingRestart } from './rolling-restart.js'

/** Restarts roles. */
export class Roles implements RolesControl {
  readonly #parts: Pick<LauncherParts, 'plan' | 'supervisor' | 'predictions'>
  readonly #faults: FaultControl
  readonly #rolling: RollingRestart

  constructor(parts: LauncherParts, faults: FaultControl, drains: Drains) {
    this.#parts = parts
    this.#faults = faults
    const restart = async (lb: string): Promise<void> => {
      const expectation = await this.#before(`${lb} is restarted`, lb)
      await expectation.unlessFails(parts.supervisor.restart(lb))
    }
    const lbs = parts.plan.lbs.map(({ name }) => name)
    this.#rolling = new RollingRestart({ ...parts, supervisor: { restart }, lbs, drains })
  }

  async restart(role: string): Promise<FaultReport> {
    const { plan, supervisor } = this.#parts
    const { spec } = supervisor.state(roleNamed(plan, role))
    const startedAt = performance.now()
    const expectation = await this.#before(`${role} is restarted`, role)
    await expectation.unlessFails(asApiError(() => supervisor.restart(role)))
    const recovered = await this.#faults.untilRouted(lbsBehind(plan, spec), startedAt)
    return { ...startedReport(supervisor.state(role), recovered), injected: [] }
  }

  rollingRestart(drainMaxMs: number): AsyncGenerator<RollingProgress, RollingResult, undefined> {
    return this.#rolling.run(drainMaxMs)
  }

  /** Predicts the outcomes of flows before an LB goes. */
  #before(event: string, role: string): Promise<Expectation> {
    const { plan, predictions } = this.#parts
    return predictions.before(event, { kill: lbsOnly(plan, role) })
  }
}
