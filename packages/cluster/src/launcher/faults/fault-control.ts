import type { FaultsControl } from '../../operations/control.js'
import type { FaultReport } from '../../operations/fault-report-schema.js'
import type { ClearedFaults, Fault, FaultList } from '../../operations/fault-schemas.js'
import { asApiError } from '../actions/api-errors.js'
import type { LauncherParts } from '../parts.js'
import type { FaultKind, Recovered, Together } from './fault-kind.js'
import { FAULT_KINDS, faultKind, type InjectableFault } from './registry.js'
import { inhibitedWarnings } from './watch.js'

type Kind = FaultKind<InjectableFault>
/** All kinds, each as one that may take any fault: {@link FaultControl} gives it only its own. */
const KINDS = FAULT_KINDS as readonly unknown[] as readonly Kind[]

/** Injects faults, lists them, and clears them. Knows no kind of fault: see `registry.ts`. */
export class FaultControl implements FaultsControl {
  readonly #parts: LauncherParts
  readonly #onDone: (description: string) => void

  /** @param onDone receives what was done, unless other events report it */
  constructor(parts: LauncherParts, onDone: (description: string) => void) {
    this.#parts = parts
    this.#onDone = onDone
  }

  async inject<F extends InjectableFault>(faults: Together<F>): Promise<FaultReport> {
    const kind = faultKind<F>(faults[0].kind)
    for (const fault of faults) kind.check(fault, this.#parts)
    return this.#done(kind, await asApiError(() => kind.apply(faults, this.#parts)))
  }

  async clear<F extends InjectableFault>(faults: Together<F>): Promise<FaultReport> {
    const kind = faultKind<F>(faults[0].kind)
    for (const fault of faults) kind.check(fault, this.#parts)
    const startedAt = performance.now()
    for (const fault of faults) await asApiError(() => kind.undo(fault, this.#parts))
    const recovered = await this.untilRouted(kind.awaited(faults[0], this.#parts), startedAt)
    return this.#done(kind, kind.cleared(faults, recovered, this.#parts))
  }

  async list(): Promise<FaultList> {
    const unreachable: { name: string; reason: string }[] = []
    const lists = await Promise.all(
      KINDS.map(async (kind) => {
        const faults = await kind.list(this.#parts, (name, reason) => unreachable.push({ name, reason }))
        const described = (fault: InjectableFault) =>
          ({ ...fault, description: kind.describe(fault), undo: kind.undoCommand(fault) }) as Fault
        return faults.map(described)
      }),
    )
    const faults = lists.flat()
    const isDown = ({ kind }: Fault): boolean => faultKind(kind).isRoleDown
    // Roles that are down come first, in the order of roles.
    const order = new Map(this.#parts.supervisor.states().map(({ spec }, i) => [spec.name, i]))
    const down = faults.filter(isDown).sort((a, b) => order.get(a.role)! - order.get(b.role)!)
    return { faults: [...down, ...faults.filter((fault) => !isDown(fault))], unreachable }
  }

  async clearAll(): Promise<ClearedFaults> {
    const failed: { fault: Fault; reason: string }[] = []
    const cleared: Fault[] = []
    for (const isRoleDown of [true, false]) {
      const faults = (await this.list()).faults.filter(({ kind }) => faultKind(kind).isRoleDown === isRoleDown)
      const results = await Promise.allSettled(faults.map((fault) => faultKind(fault.kind).undo(fault, this.#parts)))
      results.forEach((result, i) => {
        const fault = faults[i]!
        if (result.status === 'fulfilled') {
          cleared.push(fault)
          this.#onDone(`cleared: ${fault.description}`)
        } else failed.push({ fault, reason: (result.reason as Error).message })
      })
    }
    const { plan, recovery } = this.#parts
    const lbs = plan.lbs.map(({ name }) => name).filter((lb) => this.#canCarry(lb))
    const inhibited = cleared.length > 0 ? await recovery.untilRouted(lbs) : []
    return { cleared, failed, warnings: inhibitedWarnings(inhibited) }
  }

  /**
   * Waits until routes of LBs are back. LBs whose routes a fault keeps away are not waited for.
   *
   * @param startedAt time of the change that brings them back, of the monotonic clock, ms
   */
  async untilRouted(lbs: readonly string[], startedAt: number): Promise<Recovered> {
    const routed = lbs.filter((lb) => this.#canCarry(lb))
    const inhibited = routed.length > 0 ? await this.#parts.recovery.untilRouted(routed) : undefined
    return { tookMs: performance.now() - startedAt, inhibited }
  }

  #done<F extends InjectableFault>(kind: FaultKind<F>, report: FaultReport): FaultReport {
    if (!kind.hasOwnEvents) this.#onDone(report.summary)
    return report
  }

  /** True if no fault keeps the routes of an LB away. */
  #canCarry(lb: string): boolean {
    return !KINDS.some((kind) => kind.keepsRoutesAway(lb, this.#parts))
  }
}
