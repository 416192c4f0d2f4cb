import type { Impairment } from './fault-kind.js'
import type { Random } from './random.js'
import { type AnyFaultKind, FAULT_KINDS, type Fault, type FaultName, withDefaults } from './registry.js'

/** Kinds of traffic on a link. `control`: routing and liveness protocols, such as BGP and BFD. */
export const TRAFFIC = ['data', 'control'] as const
export type Traffic = (typeof TRAFFIC)[number]

/** Traffic that a fault reaches. */
export const SCOPES = ['all', ...TRAFFIC] as const
export type Scope = (typeof SCOPES)[number]

/** Fault of a link, as it was added. */
export interface AddedFault {
  readonly id: string
  readonly fault: Fault
  readonly scope: Scope
}

/** One fault of a chain. */
interface Running extends AddedFault {
  readonly kind: AnyFaultKind
  readonly position: number
  readonly reorders: boolean
  readonly impairment: Impairment
}

/**
 * Faults of one direction of one link. They compose in the order of `FAULT_KINDS`: each takes the
 * packets that the one before it delivers, at their times. A chain holds no packets.
 */
export class FaultChain {
  #running: readonly Running[] = []
  /** Packets dropped per kind of fault. Each copy counts. */
  readonly drops: Record<FaultName, number>
  /** Copies made by `duplicate`. */
  duplicates = 0

  constructor() {
    this.drops = Object.fromEntries(FAULT_KINDS.map(({ kind }) => [kind, 0])) as Record<FaultName, number>
  }

  /** True if a packet passes at once. */
  get isEmpty(): boolean {
    return this.#running.length === 0
  }

  /** Faults in the order in which they compose. */
  get faults(): readonly AddedFault[] {
    return this.#running.map(({ id, fault, scope }) => ({ id, fault, scope }))
  }

  /** True if a fault reaches this traffic. */
  reaches(traffic: Traffic): boolean {
    return this.#running.some((running) => isInScope(running, traffic))
  }

  /** True if packets of this traffic can overtake each other. */
  reorders(traffic: Traffic): boolean {
    return this.#running.some((running) => running.reorders && isInScope(running, traffic))
  }

  /**
   * Adds a fault that starts at `now` (ms). The other faults keep their state.
   *
   * @param id unused name, for {@link clear}
   * @param fault as `checkFault` returns it, or with fields absent that have a default
   * @param random source of all chance of this fault; a source of its own makes its effect
   *   independent of what is added or cleared beside it
   * @param scope traffic that it reaches
   * @throws Error if the id is in use
   */
  add(id: string, fault: Fault, random: Random, now: number, scope: Scope = 'all'): void {
    if (this.#running.some((running) => running.id === id)) throw new Error(`fault id ${id} is in use`)
    const position = FAULT_KINDS.findIndex(({ kind }) => kind === fault.kind)
    const kind = FAULT_KINDS[position]
    if (kind === undefined) throw new Error(`${fault.kind} is no kind of fault`)
    const complete = withDefaults(kind, fault)
    const impairment = kind.start(complete, random, now)
    const running = { id, fault, scope, kind, position, reorders: kind.reorders(complete), impairment }
    // The sort is stable, so faults of one kind keep their order.
    this.#running = [...this.#running, running].sort((a, b) => a.position - b.position)
  }

  /** Clears one fault. Returns false if there is none with that id. */
  clear(id: string): boolean {
    const rest = this.#running.filter((running) => running.id !== id)
    const isFound = rest.length < this.#running.length
    this.#running = rest
    return isFound
  }

  /** Clears all faults. */
  clearAll(): void {
    this.#running = []
  }

  /**
   * Passes a packet through all faults.
   *
   * @param bytes size of the packet
   * @param now time at which it enters, ms; not before that of the last call
   * @param traffic what the packet is; faults of another scope let it pass
   * @returns times of its deliveries, ascending; none if it is dropped
   */
  impair(bytes: number, now: number, traffic: Traffic = 'data'): number[] {
    let times = [now]
    for (const running of this.#running) {
      if (!isInScope(running, traffic)) continue
      const { kind, impairment } = running
      const out: number[] = []
      for (const at of times) {
        const before = out.length
        impairment.pass(bytes, at, out)
        if (out.length === before) this.drops[kind.kind]++
        else this.duplicates += out.length - before - 1
      }
      if (out.length === 0) return out
      times = out
    }
    return times.length > 1 ? times.sort((a, b) => a - b) : times
  }

  /** Returns true while no fault takes the carrier from the link. */
  isUp(now: number): boolean {
    return this.#running.every(({ impairment }) => impairment.isUp?.(now) ?? true)
  }

  /**
   * Returns the time after `now` at which {@link isUp} may change by itself, ms; Infinity if it
   * does not.
   */
  carrierChangesAt(now: number): number {
    const { POSITIVE_INFINITY } = Number
    return Math.min(...this.#running.map(({ impairment }) => impairment.changesAt?.(now) ?? POSITIVE_INFINITY))
  }
}

function isInScope({ scope }: Running, traffic: Traffic): boolean {
  return scope === 'all' || scope === traffic
}
