import type { BackendStatus, Behavior } from '@fivetuple/backend'
import type { CableSide, ClearedFaults, Fault, FaultList, FaultReport } from '../api/faults.js'
import { ApiError } from '../api/problem.js'
import type { ClusterPlan } from '../plan/plan.js'
import type { Ask } from './ask.js'
import type { Cables } from './injection-cables.js'
import type { Recovery } from './injection-recovery.js'
import { describeFault, InjectionReports } from './injection-reports.js'
import { lbNamed, ownBackendNamed, roleNamed } from './lookup.js'
import { type RoleState, RoleStateError, type Supervisor } from './supervisor.js'

/** How a backend behaves that nobody has asked for anything else. */
const GOOD: Behavior = { delayMs: 0, failRatio: 0, refuse: false, hang: false, healthz: 'same' }

export interface InjectionControlOptions {
  readonly plan: ClusterPlan
  readonly supervisor: Supervisor
  readonly cables: Cables
  readonly recovery: Recovery
  readonly ask: Ask
}

/** Breaks parts of the cluster on purpose, tells what is broken, and mends it. */
export class InjectionControl {
  readonly #plan: ClusterPlan
  readonly #supervisor: Supervisor
  readonly #cables: Cables
  readonly #recovery: Recovery
  readonly #ask: Ask
  readonly #reports: InjectionReports

  constructor({ plan, supervisor, cables, recovery, ask }: InjectionControlOptions) {
    this.#plan = plan
    this.#supervisor = supervisor
    this.#cables = cables
    this.#recovery = recovery
    this.#ask = ask
    this.#reports = new InjectionReports(plan)
  }

  /** SIGKILL. @param hold keep it down until it is started; else it is started again after its back-off */
  async kill(role: string, hold: boolean): Promise<FaultReport> {
    const before = this.#state(role)
    return this.#reports.killed(before, await asApiError(this.#supervisor.kill(role, hold)))
  }

  /** SIGSTOP. */
  async hang(role: string): Promise<FaultReport> {
    this.#state(role)
    return this.#reports.hung(await asApiError(async () => this.#supervisor.hang(role)))
  }

  /** SIGCONT. */
  async resume(role: string): Promise<FaultReport> {
    this.#state(role)
    return this.#reports.resumed(await asApiError(async () => this.#supervisor.resume(role)))
  }

  /** Starts what is down; resolves when it is ready and its routes are there. */
  start(role: string): Promise<FaultReport> {
    return this.#bringUp(role, () => this.#supervisor.launch(role))
  }

  /** Stops a role in order, routes first, and starts it again; resolves when it is ready and its routes are back. */
  restart(role: string): Promise<FaultReport> {
    return this.#bringUp(role, () => this.#supervisor.restart(role))
  }

  /** Takes the carrier from cables of an LB; its redials are refused. */
  async cutCables(lb: string, sides: readonly CableSide[]): Promise<FaultReport> {
    this.#oneLb(lb)
    for (const side of sides) await this.#cables.setCut({ lb, side }, true)
    return this.#reports.cut(lb, sides)
  }

  /** Gives it back; resolves when the LB's routes are back, unless it has a reason to stay away. */
  async restoreCables(lb: string, sides: readonly CableSide[]): Promise<FaultReport> {
    this.#oneLb(lb)
    const startedAt = performance.now()
    for (const side of sides) await this.#cables.setCut({ lb, side }, false)
    const isRouted = this.#canCarry(lb)
    if (isRouted) await this.#recovery.untilRouted([lb])
    return this.#reports.restored(lb, sides, performance.now() - startedAt, isRouted)
  }

  /** Changes how one of our backends behaves; what `change` leaves out stays as it is. */
  async misbehave(backend: string, change: Partial<Behavior>): Promise<FaultReport> {
    const name = ownBackendNamed(this.#plan, backend)
    return this.#reports.misbehaving(name, (await this.#ask(name, 'setBehavior', change)) as Behavior)
  }

  /** Lets a backend behave well again. */
  heal(backend: string): Promise<FaultReport> {
    return this.misbehave(backend, GOOD)
  }

  /** All that is broken on purpose now. */
  async faults(): Promise<FaultList> {
    const silent: { name: string; reason: string }[] = []
    const behaviors = await Promise.all(this.#plan.backends.map(({ name }) => this.#behaviorFault(name, silent)))
    const roles = this.#supervisor.states().flatMap(({ spec: { name }, state }): Fault[] => {
      if (state === 'hung') return [describeFault.hung(name)]
      return state === 'held' ? [describeFault.held(name)] : []
    })
    const cut = this.#cables.cut.map(({ lb, side }) => describeFault.cut(lb, side))
    return { faults: [...roles, ...cut, ...behaviors.flat()], silent }
  }

  /** Undoes all that is broken on purpose; resolves when routes are back. What can't be undone is told, the rest is. */
  async clear(): Promise<ClearedFaults> {
    // Roles first: a backend that hangs can't say how it behaves, and a switch that hangs can't take its ports up.
    const failed: { fault: Fault; reason: string }[] = []
    const cleared: Fault[] = []
    const undo = async (faults: readonly Fault[]): Promise<void> => {
      const results = await Promise.allSettled(faults.map((fault) => this.#undo(fault)))
      results.forEach((result, i) => {
        const fault = faults[i]!
        if (result.status === 'fulfilled') cleared.push(fault)
        else failed.push({ fault, reason: (result.reason as Error).message })
      })
    }
    await undo((await this.faults()).faults.filter(({ kind }) => kind === 'hung' || kind === 'held'))
    await undo((await this.faults()).faults.filter(({ kind }) => kind === 'cut' || kind === 'misbehaving'))
    const lbs = this.#plan.lbs.map(({ name }) => name).filter((lb) => this.#canCarry(lb))
    if (cleared.length > 0) await this.#recovery.untilRouted(lbs)
    return { cleared, failed }
  }

  async #undo(fault: Fault): Promise<unknown> {
    switch (fault.kind) {
      case 'hung':
        return this.#supervisor.resume(fault.role)
      case 'held':
        return this.#supervisor.launch(fault.role)
      case 'cut':
        return this.#cables.setCut({ lb: fault.role, side: fault.side }, false)
      case 'misbehaving':
        return this.heal(fault.role)
    }
  }

  async #bringUp(role: string, bring: () => Promise<void>): Promise<FaultReport> {
    const startedAt = performance.now()
    const { kind } = this.#state(role).spec
    await asApiError(bring())
    const lbs = kind === 'backend' ? [] : kind === 'lb' ? [role] : this.#plan.lbs.map(({ name }) => name)
    const routed = lbs.filter((lb) => this.#canCarry(lb))
    await this.#recovery.untilRouted(routed)
    return this.#reports.started(this.#state(role), performance.now() - startedAt, routed.length > 0)
  }

  async #behaviorFault(name: string, silent: { name: string; reason: string }[]): Promise<Fault[]> {
    try {
      const { behavior } = (await this.#ask(name, 'status', {})) as BackendStatus
      const odd = Object.entries(behavior).filter(([field, value]) => value !== GOOD[field as keyof Behavior])
      return odd.length === 0 ? [] : [describeFault.misbehaving(name, Object.fromEntries(odd))]
    } catch (error) {
      if (['running', 'starting'].includes(this.#state(name).state))
        silent.push({ name, reason: (error as Error).message })
      return []
    }
  }

  /** Whether nothing that we have injected keeps an LB's routes away. */
  #canCarry(lb: string): boolean {
    const states = [lb, this.#plan.uplink.name, this.#plan.downlink.name].map((name) => this.#state(name).state)
    return !this.#cables.isCut(lb) && !states.some((state) => state === 'hung' || state === 'held')
  }

  #oneLb(lb: string): void {
    lbNamed(this.#plan, lb === 'all' ? '' : lb)
  }

  #state(role: string): RoleState {
    return this.#supervisor.state(roleNamed(this.#plan, role))
  }
}

/** What a role's state does not allow is the operator's business; other failures are the cluster's. */
async function asApiError<T>(doing: Promise<T> | (() => Promise<T>)): Promise<T> {
  try {
    return await (typeof doing === 'function' ? doing() : doing)
  } catch (error) {
    throw new ApiError(error instanceof RoleStateError ? 409 : 503, (error as Error).message)
  }
}
