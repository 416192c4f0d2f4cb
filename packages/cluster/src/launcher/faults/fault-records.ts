import { ApiError } from '../../api/problem.js'
import type { FaultRecord, Injection } from './fault-record.js'

/** Most faults at once: far above what anyone injects, so only a runaway script reaches it. */
export const FAULTS_MAX = 1_000

/** Fault as its kind has found it. */
export interface FoundFault {
  readonly role: string
  readonly side?: string | undefined
  /** Identity among the faults of its kind. */
  readonly key: string
  readonly description: string
  /** Id and seed, if the role stores them. */
  readonly id?: string | undefined
  readonly seed?: number | null | undefined
}

/** Result of a comparison of records with the faults that roles have. */
export interface Matched<F extends FoundFault> {
  readonly found: readonly { readonly fault: F; readonly record: FaultRecord }[]
  /** Records whose fault is gone; they are deleted. */
  readonly vanished: readonly FaultRecord[]
}

interface Entry {
  readonly record: FaultRecord
  /** Version of the store in which it was last written. */
  readonly version: number
  /** True until its injection has ended: the role may not have the fault yet. */
  readonly isPending: boolean
}

/**
 * Records of injected faults. What roles report is true: a record whose fault is gone is deleted,
 * and a fault without a record gets one.
 *
 * Pure: it has no timers.
 */
export class FaultRecords {
  readonly #entries = new Map<string, Entry>()
  #lastId = 0
  #version = 0

  /**
   * Number that increases with each change. A list of faults that was requested before a change and
   * arrived after it is out of date.
   */
  get version(): number {
    return this.#version
  }

  /** Returns true if a role has faults of a kind. */
  has(kind: string, role: string): boolean {
    for (const { record } of this.#entries.values()) if (record.kind === kind && record.role === role) return true
    return false
  }

  /** Returns an id for a fault that gets no record. */
  nextId(): string {
    return `f${++this.#lastId}`
  }

  get(id: string): FaultRecord | undefined {
    return this.#entries.get(id)?.record
  }

  /**
   * Records that a fault is being injected. The same fault again keeps its id and its start, and
   * gets a new author and end. When the injection has ended, {@link settle} or {@link withdraw} is
   * called.
   *
   * @param keyOf identity of the fault, given its id
   * @param now time of day, ms since 1970
   * @throws ApiError if there are {@link FAULTS_MAX}
   */
  begin(
    { kind, role, side, description }: Pick<FaultRecord, 'kind' | 'role' | 'side' | 'description'>,
    keyOf: (id: string) => string,
    { author, forMs, seed = null }: Omit<Injection, 'seed'> & { readonly seed?: number | null },
    now: number,
  ): { readonly record: FaultRecord; readonly before: FaultRecord | undefined } {
    const nextId = `f${this.#lastId + 1}`
    const key = keyOf(nextId)
    const before = this.#ofKey(kind, key)
    if (before === undefined) {
      if (this.#entries.size >= FAULTS_MAX)
        throw new ApiError(409, `there are ${FAULTS_MAX} faults, the most at once: 'fivetuple faults clear'`)
      this.#lastId++
    }
    const record: FaultRecord = {
      id: before?.id ?? nextId,
      kind,
      key,
      role,
      side,
      description,
      author,
      seed,
      startedAt: before?.startedAt ?? now,
      endsAt: forMs === undefined ? null : now + forMs,
    }
    this.#write(record, true)
    return { record, before }
  }

  /** Records that an injection has succeeded. */
  settle(record: FaultRecord): void {
    if (this.get(record.id) === record) this.#write(record, false)
  }

  /** Records that an injection has failed. @param before the record before it */
  withdraw(record: FaultRecord, before: FaultRecord | undefined): void {
    if (this.get(record.id) !== record) return
    if (before === undefined) this.#delete(record.id)
    else this.#write(before, false)
  }

  /**
   * Compares the records of a kind with the faults that roles have.
   *
   * @param isKnown returns true for a role whose faults of this kind are all in `faults`; records
   * of other roles are left alone
   * @param asOf {@link version} when the list of faults was requested; later records are left alone
   * @param now time of day, ms since 1970
   */
  match<F extends FoundFault>(
    kind: string,
    faults: readonly F[],
    isKnown: (role: string) => boolean,
    asOf: number,
    now: number,
  ): Matched<F> {
    const isCurrent = this.#version === asOf
    const found = faults.flatMap((fault) => {
      const known = this.#ofKey(kind, fault.key)
      // A fault that was just cleared may still be in an old list: it gets no record.
      const record = known ?? (isCurrent ? this.#adopt(kind, fault, now) : undefined)
      return record === undefined ? [] : [{ fault, record }]
    })
    const keys = new Set(faults.map(({ key }) => key))
    const vanished = [...this.#entries.values()].flatMap(({ record, version, isPending }) =>
      record.kind === kind && !isPending && version <= asOf && isKnown(record.role) && !keys.has(record.key)
        ? [record]
        : [],
    )
    for (const { id } of vanished) this.#delete(id)
    return { found, vanished }
  }

  /** Records a fault that nobody has injected by the launcher: its configuration has it. */
  #adopt(kind: string, { role, side, description, key, id, seed = null }: FoundFault, now: number): FaultRecord {
    const record: FaultRecord = {
      id: id !== undefined && !this.#entries.has(id) ? id : `f${++this.#lastId}`,
      kind,
      key,
      role,
      side,
      description,
      author: 'config',
      seed,
      startedAt: now,
      endsAt: null,
    }
    this.#entries.set(record.id, { record, version: this.#version, isPending: false })
    return record
  }

  #ofKey(kind: string, key: string): FaultRecord | undefined {
    for (const { record } of this.#entries.values()) if (record.kind === kind && record.key === key) return record
    return undefined
  }

  #write(record: FaultRecord, isPending: boolean): void {
    this.#entries.set(record.id, { record, version: ++this.#version, isPending })
  }

  #delete(id: string): void {
    this.#version++
    this.#entries.delete(id)
  }
}
