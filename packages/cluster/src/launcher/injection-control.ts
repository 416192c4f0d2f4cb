import type { Behavior } from '@fivetuple/backend'
import { GOOD_BEHAVIOR } from '@fivetuple/backend/behavior'
import { ApiError } from '../api/problem.js'
import type { FaultsControl } from '../operations/control.js'
import type { ClearedFaults, Fault, FaultList, FaultReport, LinkSide, LinkSides } from '../operations/fault-schemas.js'
import type { RollingProgress, RollingResult } from '../operations/rolling-schemas.js'
import type { ClusterPlan } from '../plan/plan.js'
import type { DrainControl } from './drain-control.js'
import { Links } from './injection-links.js'
import type { Recovery } from './injection-recovery.js'
import { describeFault, InjectionReports, warningsOf } from './injection-reports.js'
import { RollingRestart } from './injection-rolling-restart.js'
import { oneLbNamed, ownBackendNamed, roleNamed } from './lookup.js'
import type { RoleClients } from './role-contracts.js'
import { type RoleState, RoleStateError, type Supervisor } from './supervisor.js'

export interface InjectionControlOptions {
  readonly plan: ClusterPlan
  readonly supervisor: Supervisor
  readonly drains: DrainControl
  readonly recovery: Recovery
  readonly roles: RoleClients
  /** Keeps a role's configuration where the role will read it. */
  readonly write: (name: string, config: object) => void
  /** Hears what is done, where nothing else would tell. */
  readonly onDone: (description: string) => void
}

/** Injects faults, lists them, and clears them. */
export class InjectionControl implements FaultsControl {
  readonly #plan: ClusterPlan
  readonly #supervisor: Supervisor
  readonly #links: Links
  readonly #recovery: Recovery
  readonly #rolling: RollingRestart
  readonly #roles: RoleClients
  readonly #reports: InjectionReports
  readonly #onDone: (description: string) => void

  constructor({ plan, supervisor, drains, recovery, roles, write, onDone }: InjectionControlOptions) {
    this.#plan = plan
    this.#supervisor = supervisor
    this.#links = new Links(plan, write, roles)
    this.#recovery = recovery
    this.#rolling = new RollingRestart({ lbs: plan.lbs.map(({ name }) => name), supervisor, recovery, drains, roles })
    this.#roles = roles
    this.#reports = new InjectionReports(plan)
    this.#onDone = onDone
  }

  async kill(role: string, keepStopped: boolean): Promise<FaultReport> {
    const before = this.#state(role)
    return this.#reports.killed(before, await asApiError(this.#supervisor.kill(role, keepStopped)))
  }

  async pause(role: string): Promise<FaultReport> {
    this.#state(role)
    return this.#told(this.#reports.paused(await asApiError(async () => this.#supervisor.pause(role))))
  }

  async resume(role: string): Promise<FaultReport> {
    this.#state(role)
    return this.#told(this.#reports.resumed(await asApiError(async () => this.#supervisor.resume(role))))
  }

  start(role: string): Promise<FaultReport> {
    return this.#bringUp(role, () => this.#supervisor.launch(role))
  }

  restart(role: string): Promise<FaultReport> {
    return this.#bringUp(role, () => this.#supervisor.restart(role))
  }

  async takeLinksDown(lb: string, which: LinkSides): Promise<FaultReport> {
    oneLbNamed(this.#plan, lb)
    const sides = sidesOf(which)
    for (const side of sides) await this.#links.setAdminDown({ lb, side }, true)
    return this.#told(this.#reports.linksDown(lb, sides))
  }

  async bringLinksUp(lb: string, which: LinkSides): Promise<FaultReport> {
    oneLbNamed(this.#plan, lb)
    const sides = sidesOf(which)
    const startedAt = performance.now()
    for (const side of sides) await this.#links.setAdminDown({ lb, side }, false)
    const isRouted = this.#canCarry(lb)
    const inhibited = isRouted ? await this.#recovery.untilRouted([lb]) : undefined
    return this.#told(this.#reports.linksUp(lb, sides, performance.now() - startedAt, inhibited))
  }

  async setBehavior(backend: string, change: Partial<Behavior>): Promise<FaultReport> {
    const name = ownBackendNamed(this.#plan, backend)
    return this.#told(this.#reports.misbehaving(name, await this.#roles.backend(name)('setBehavior', change)))
  }

  restoreBehavior(backend: string): Promise<FaultReport> {
    return this.setBehavior(backend, GOOD_BEHAVIOR)
  }

  async faults(): Promise<FaultList> {
    const unreachable: { name: string; reason: string }[] = []
    const behaviors = await Promise.all(this.#plan.backends.map(({ name }) => this.#behaviorFault(name, unreachable)))
    const roles = this.#supervisor.states().flatMap(({ spec: { name }, state }): Fault[] => {
      if (state === 'paused') return [describeFault.paused(name)]
      return state === 'kept-stopped' ? [describeFault.keptStopped(name)] : []
    })
    const links = this.#links.down.map(({ lb, side }) => describeFault.linkDown(lb, side))
    return { faults: [...roles, ...links, ...behaviors.flat()], unreachable }
  }

  async clearFaults(): Promise<ClearedFaults> {
    // Roles first: a paused backend can't report its behavior, and a paused switch can't take its ports up.
    const failed: { fault: Fault; reason: string }[] = []
    const cleared: Fault[] = []
    const undo = async (faults: readonly Fault[]): Promise<void> => {
      const results = await Promise.allSettled(faults.map((fault) => this.#undo(fault)))
      results.forEach((result, i) => {
        const fault = faults[i]!
        if (result.status === 'fulfilled') {
          cleared.push(fault)
          this.#onDone(`cleared: ${fault.description}`)
        } else failed.push({ fault, reason: (result.reason as Error).message })
      })
    }
    await undo((await this.faults()).faults.filter(({ kind }) => kind === 'paused' || kind === 'kept-stopped'))
    await undo((await this.faults()).faults.filter(({ kind }) => kind === 'link-down' || kind === 'misbehaving'))
    const lbs = this.#plan.lbs.map(({ name }) => name).filter((lb) => this.#canCarry(lb))
    const inhibited = cleared.length > 0 ? await this.#recovery.untilRouted(lbs) : []
    return { cleared, failed, warnings: warningsOf(inhibited) }
  }

  rollingRestart(drainMaxMs: number): AsyncGenerator<RollingProgress, RollingResult, undefined> {
    return this.#rolling.run(drainMaxMs)
  }

  #told(report: FaultReport): FaultReport {
    this.#onDone(report.summary)
    return report
  }

  async #undo(fault: Fault): Promise<unknown> {
    switch (fault.kind) {
      case 'paused':
        return this.#supervisor.resume(fault.role)
      case 'kept-stopped':
        return this.#supervisor.launch(fault.role)
      case 'link-down':
        return this.#links.setAdminDown({ lb: fault.role, side: fault.side }, false)
      case 'misbehaving':
        return this.#roles.backend(fault.role)('setBehavior', GOOD_BEHAVIOR)
    }
  }

  async #bringUp(role: string, bring: () => Promise<void>): Promise<FaultReport> {
    const startedAt = performance.now()
    const { kind } = this.#state(role).spec
    await asApiError(bring())
    const lbs = kind === 'backend' ? [] : kind === 'lb' ? [role] : this.#plan.lbs.map(({ name }) => name)
    const routed = lbs.filter((lb) => this.#canCarry(lb))
    const inhibited = routed.length > 0 ? await this.#recovery.untilRouted(routed) : undefined
    return this.#reports.started(this.#state(role), performance.now() - startedAt, inhibited)
  }

  async #behaviorFault(name: string, unreachable: { name: string; reason: string }[]): Promise<Fault[]> {
    try {
      const { behavior } = await this.#roles.backend(name)('status', {})
      const odd = Object.entries(behavior).filter(([field, value]) => value !== GOOD_BEHAVIOR[field as keyof Behavior])
      return odd.length === 0 ? [] : [describeFault.misbehaving(name, Object.fromEntries(odd))]
    } catch (error) {
      if (['running', 'starting'].includes(this.#state(name).state))
        unreachable.push({ name, reason: (error as Error).message })
      return []
    }
  }

  /** Whether nothing that we have injected keeps an LB's routes away. */
  #canCarry(lb: string): boolean {
    const states = [lb, this.#plan.uplink.name, this.#plan.downlink.name].map((name) => this.#state(name).state)
    return !this.#links.isDown(lb) && !states.some((state) => state === 'paused' || state === 'kept-stopped')
  }

  #state(role: string): RoleState {
    return this.#supervisor.state(roleNamed(this.#plan, role))
  }
}

function sidesOf(which: LinkSides): readonly LinkSide[] {
  return which === 'both' ? ['uplink', 'downlink'] : [which]
}

/** What a role's state does not allow is the operator's business; other failures are the cluster's. */
async function asApiError<T>(doing: Promise<T> | (() => Promise<T>)): Promise<T> {
  try {
    return await (typeof doing === 'function' ? doing() : doing)
  } catch (error) {
    throw new ApiError(error instanceof RoleStateError ? 409 : 503, (error as Error).message)
  }
}
