import { randomInt } from 'node:crypto'
import { realTimers, type Timers } from '@fivetuple/runtime'
import { ApiError } from '../../api/problem.js'
import type { FaultsControl } from '../../operations/control.js'
import type { FaultReport } from '../../operations/fault-report-schema.js'
import type { ClearedFaults, Fault, FaultList } from '../../operations/fault-schemas.js'
import { asApiError } from '../actions/api-errors.js'
import type { EventPredictions, Expectation } from '../oracle/event-predictions.js'
import type { LauncherParts } from '../parts.js'
import type { Author } from './author.js'
import { FaultDeadlines } from './fault-deadlines.js'
import type { FaultChange } from './fault-event.js'
import type { FaultKind, Injected, Recovered, Together } from './fault-kind.js'
import type { FaultRecord, Injection } from './fault-record.js'
import { FaultRecords } from './fault-records.js'
import { type AnyFaultKind, type Listed, listFaults, sideOf, timesOf } from './list-faults.js'
import { FAULT_KINDS, faultKind, type InjectableFault, type MomentaryFault, momentaryKind } from './registry.js'
import { inhibitedWarnings } from './watch.js'

/** All kinds, each as one that may take any fault: {@link FaultControl} gives it only its own. */
const KINDS = FAULT_KINDS as readonly unknown[] as readonly AnyFaultKind[]

/** Time until an end is tried again whose role did not respond, ms. */
const RETRY_MS = 1_000
const SEEDS = 2 ** 32

export interface FaultControlOptions {
  /** Receives each change of a fault. An injection is reported before it takes effect. */
  readonly onChange: (change: FaultChange) => void
  /** Predicts the outcomes of flows before a fault takes effect, or ends; missing: nobody does. */
  readonly predictions?: Pick<EventPredictions, 'before'> | undefined
  /** Default: real time. */
  readonly timers?: Pick<Timers, 'after'>
  /** Time of day, ms since 1970. */
  readonly timeOfDay?: () => number
}

/**
 * Injects faults, lists them, clears them, and ends those that last for a time. Knows no kind of
 * fault: see `registry.ts`.
 */
export class FaultControl implements FaultsControl {
  readonly #parts: LauncherParts
  readonly #onChange: (change: FaultChange) => void
  readonly #timeOfDay: () => number
  readonly #records = new FaultRecords()
  readonly #deadlines: FaultDeadlines
  readonly #predictions: FaultControlOptions['predictions']

  constructor(parts: LauncherParts, options: FaultControlOptions) {
    const { onChange, predictions, timers = realTimers, timeOfDay = Date.now } = options
    this.#predictions = predictions
    this.#parts = parts
    this.#onChange = onChange
    this.#timeOfDay = timeOfDay
    this.#deadlines = new FaultDeadlines(timers.after)
  }

  async inject<F extends InjectableFault>(faults: Together<F>, how: Injection): Promise<FaultReport> {
    const kind = faultKind<F>(faults[0].kind)
    const checked = this.#checked(kind, faults)
    const begun: Begun<F>[] = []
    const kill = kind.endsRoutesOf?.(faults[0], this.#parts) ?? []
    let expectation: Expectation | undefined
    try {
      for (const fault of checked) begun.push(this.#begin(kind, fault, how))
      for (const { record } of begun) this.#report('injected', record)
      const injected = begun.map(({ fault }) => fault) as readonly Injected<F>[] as Together<Injected<F>>
      expectation = await this.#predictions?.before(kind.describe(faults[0]), { kill }, kind.vipOf?.(faults[0]))
      const report = await asApiError(() => kind.apply(injected, this.#parts))
      for (const { record } of begun) this.#settle(record, how.forMs)
      const records = begun.map(({ record }) => ({ id: record.id, seed: record.seed, endsAt: timesOf(record).endsAt }))
      const [first] = records
      // A kind without a command of its own is cleared by the id.
      const undo = report.undo ?? (first === undefined ? null : `fivetuple faults clear ${first.id}`)
      return { ...report, undo, injected: records }
    } catch (error) {
      expectation?.cancel()
      for (const { record, before } of begun) {
        this.#records.withdraw(record, before)
        this.#report('failed', record, error as Error)
      }
      throw error
    }
  }

  async trigger<F extends MomentaryFault>(fault: F, by: Author): Promise<FaultReport> {
    const kind = momentaryKind<F>(fault.kind)
    kind.check(fault, this.#parts)
    const startedAt = this.#timeOfDay()
    const record = {
      ...{ id: this.#records.nextId(), kind: fault.kind, role: fault.role, key: fault.role, seed: null, author: by },
      ...{ description: kind.describe(fault), startedAt, endsAt: startedAt },
    }
    this.#report('injected', record)
    let expectation: Expectation | undefined
    try {
      expectation = await this.#predictions?.before(record.description, { kill: kind.endsRoutesOf(fault, this.#parts) })
      const report = await asApiError(() => kind.apply(fault, this.#parts))
      return { ...report, injected: [{ id: record.id, seed: null, endsAt: timesOf(record).endsAt }] }
    } catch (error) {
      expectation?.cancel()
      this.#report('failed', record, error as Error)
      throw error
    }
  }

  async clear<F extends InjectableFault>(given: Together<F>, by: Author): Promise<FaultReport> {
    const kind = faultKind<F>(given[0].kind)
    const faults = this.#checked(kind, given)
    const startedAt = performance.now()
    for (const fault of faults) await asApiError(() => this.#undoOne(fault))
    await this.#list(searchOf(faults[0]), { change: 'cleared', author: by })
    const recovered = await this.untilRouted(kind.awaited(faults[0], this.#parts), startedAt)
    return { ...kind.cleared(faults, recovered, this.#parts), injected: [] }
  }

  async list(): Promise<FaultList> {
    const { faults, unreachable } = await this.#list()
    const isDown = ({ kind }: Fault): boolean => faultKind(kind).isRoleDown
    // Roles that are down come first, in the order of roles.
    const order = new Map(this.#parts.supervisor.states().map(({ spec }, i) => [spec.name, i]))
    const down = faults.filter(isDown).sort((a, b) => order.get(a.role)! - order.get(b.role)!)
    return {
      faults: [...down, ...faults.filter((fault) => !isDown(fault))],
      unreachable: [...new Map(unreachable.map((of) => [of.name, of])).values()].filter(
        ({ name }) => !down.some(({ role }) => role === name),
      ),
    }
  }

  async clearOne(id: string, by: Author): Promise<ClearedFaults> {
    const record = this.#records.get(id)
    const { faults } = await (record === undefined ? this.#list() : this.#list(searchOf(record)))
    const fault = faults.find((known) => known.id === id)
    if (fault !== undefined) return this.#cleared([await this.#undo([fault], by)])
    return this.#unknown(id)
  }

  async #unknown(id: string): Promise<never> {
    const { faults } = await this.#list()
    const known =
      faults.length === 0 ? 'no faults are injected' : `there are ${faults.map((known) => known.id).join(', ')}`
    throw new ApiError(404, `there is no fault '${id}': ${known}`)
  }

  async clearAll(by: Author): Promise<ClearedFaults> {
    const undone: Undone[] = []
    // Faults of roles that are down first: other faults of these roles are found after that.
    for (const isRoleDown of [true, false]) {
      const { faults } = await this.list()
      undone.push(
        await this.#undo(
          faults.filter(({ kind }) => faultKind(kind).isRoleDown === isRoleDown),
          by,
        ),
      )
    }
    return this.#cleared(undone)
  }

  /**
   * Waits until routes of LBs are back. LBs whose routes a fault keeps away are not waited for.
   *
   * @param startedAt time of the change that brings them back, of the monotonic clock, ms
   */
  async untilRouted(lbs: readonly string[], startedAt: number): Promise<Recovered> {
    const routed = lbs.filter((lb) => this.canCarry(lb))
    const inhibited = routed.length > 0 ? await this.#parts.recovery.untilRouted(routed) : undefined
    return { tookMs: performance.now() - startedAt, inhibited }
  }

  /** Ends no further fault by itself, since the cluster stops. */
  stop(): void {
    this.#deadlines.stop()
  }

  #checked<F extends InjectableFault>(kind: FaultKind<F>, faults: Together<F>): Together<F> {
    const checked = (fault: F): F => {
      kind.check(fault, this.#parts)
      return kind.normalize?.(fault, this.#parts) ?? fault
    }
    const [first, ...more] = faults
    return [checked(first), ...more.map(checked)]
  }

  #begin<F extends InjectableFault>(kind: FaultKind<F>, fault: F, { seed, ...how }: Injection): Begun<F> {
    const chosen = kind.usesChance?.(fault) === true ? (seed ?? randomInt(SEEDS)) : null
    const keyOf = (id: string): string => kind.keyOf({ ...fault, id })
    const fields = { kind: fault.kind, role: fault.role, side: sideOf(fault), description: kind.describe(fault) }
    const begun = this.#records.begin(fields, keyOf, { ...how, seed: chosen }, this.#timeOfDay())
    return { ...begun, fault: { ...fault, id: begun.record.id, seed: chosen } }
  }

  #settle(record: FaultRecord, forMs: number | undefined): void {
    this.#records.settle(record)
    if (forMs === undefined) this.#deadlines.cancel(record.id)
    else this.#deadlines.set(record.id, forMs, () => void this.#end(record.id, 0))
  }

  /**
   * Lists faults. Reports those that are gone.
   *
   * @param gone the change that ended them
   */
  async #list(
    { kinds = KINDS, role }: { readonly kinds?: readonly AnyFaultKind[]; readonly role?: string } = {},
    gone: { readonly change: FaultChange['change']; readonly author?: Author } = { change: 'vanished' },
  ): Promise<Listed> {
    const listed = await listFaults(this.#parts, this.#records, { kinds, role, now: this.#timeOfDay() })
    for (const record of listed.vanished) {
      this.#deadlines.cancel(record.id)
      this.#report(gone.change, { ...record, author: gone.author ?? record.author })
    }
    return listed
  }

  /** Clears listed faults, side by side. */
  async #undo(faults: readonly Fault[], by: Author): Promise<Undone> {
    const results = await Promise.allSettled(faults.map((fault) => this.#undoOne(fault)))
    const cleared: Fault[] = []
    const failed: { fault: Fault; reason: string }[] = []
    results.forEach((result, i) => {
      const fault = faults[i]!
      if (result.status === 'fulfilled') cleared.push(fault)
      else failed.push({ fault, reason: (result.reason as Error).message })
    })
    const isOfOne = cleared.every(({ kind, role }) => kind === cleared[0]?.kind && role === cleared[0].role)
    const search = isOfOne && cleared[0] !== undefined ? searchOf(cleared[0]) : {}
    if (cleared.length > 0) await this.#list(search, { change: 'cleared', author: by })
    return { cleared, failed }
  }

  /** Clears a fault; predicts the return of the LBs whose routes it has ended. */
  async #undoOne<F extends InjectableFault>(fault: F): Promise<void> {
    const kind = faultKind<F>(fault.kind)
    const add = kind.endsRoutesOf?.(fault, this.#parts) ?? []
    const expectation = await this.#predictions?.before(
      `${kind.describe(fault)}: cleared`,
      { add },
      kind.vipOf?.(fault),
    )
    try {
      await kind.undo(fault, this.#parts)
    } catch (error) {
      expectation?.cancel()
      throw error
    }
  }

  /** Waits for routes after faults have been cleared. */
  async #cleared(undone: readonly Undone[]): Promise<ClearedFaults> {
    const { plan, recovery } = this.#parts
    const cleared = undone.flatMap((of) => of.cleared)
    const lbs = plan.lbs.map(({ name }) => name).filter((lb) => this.canCarry(lb))
    const inhibited = cleared.length > 0 ? await recovery.untilRouted(lbs) : []
    return { cleared, failed: undone.flatMap((of) => of.failed), warnings: inhibitedWarnings(inhibited) }
  }

  /** Ends a fault whose duration is over. If its role does not respond, tries again later. */
  async #end(id: string, retries: number): Promise<void> {
    const record = this.#records.get(id)
    if (record === undefined) return
    const search = searchOf(record)
    try {
      const { faults, unreachable } = await this.#list(search)
      const reason = unreachable.find(({ name }) => name === record.role)?.reason
      if (reason !== undefined) throw new Error(reason)
      const fault = faults.find((known) => known.id === id)
      // Meanwhile it may have been cleared, or injected again with a later end.
      if (fault === undefined || this.#records.get(id) !== record) return
      await this.#undoOne(fault)
      await this.#list(search, { change: 'ended' })
    } catch (error) {
      if (this.#records.get(id) !== record) return
      this.#deadlines.set(id, RETRY_MS, () => void this.#end(id, retries + 1))
      if (retries === 0) this.#report('overdue', record, error as Error)
    }
  }

  #report(change: FaultChange['change'], record: FaultRecord, error?: Error): void {
    const { id, kind, role, side, author, seed, description } = record
    const reason = error === undefined ? '' : `: ${error.message}`
    const { endsAt } = timesOf(record)
    this.#onChange({ id, change, kind, role, side, author, seed, endsAt, description: description + reason })
  }

  /** True if no fault keeps the routes of an LB away. */
  canCarry(lb: string): boolean {
    return !KINDS.some((kind) => kind.keepsRoutesAway(lb, this.#parts, this.#records.has(kind.kind, lb)))
  }
}

/** Fault whose injection has begun. */
interface Begun<F> {
  readonly fault: Injected<F>
  readonly record: FaultRecord
  /** Its record before, if it is injected again. */
  readonly before: FaultRecord | undefined
}

/** Faults after an attempt to clear them. */
interface Undone {
  readonly cleared: readonly Fault[]
  readonly failed: readonly { readonly fault: Fault; readonly reason: string }[]
}

/** Returns the search for a fault among those of its kind and role. */
function searchOf({ kind, role }: { readonly kind: string; readonly role: string }) {
  return { kinds: KINDS.filter((known) => known.kind === kind), role }
}
