import type { Field } from './field.js'
import type { Random } from './random.js'

/** Running fault of one direction of one link, with the state that it needs. */
export interface Impairment {
  /**
   * Passes a packet. Appends the times at which it leaves to `out`: one, several if it is
   * duplicated, none if it is dropped.
   *
   * @param bytes size of the packet
   * @param at time at which the packet enters, ms. It ascends from call to call for every fault
   *   that stands before `delay` in the order of composition.
   */
  pass(bytes: number, at: number, out: number[]): void
  /** Returns true while the link has carrier. Absent: the fault leaves the carrier alone. */
  isUp?(now: number): boolean
  /** Returns the time of the next change of {@link isUp} after `now`, ms. */
  changesAt?(now: number): number
}

/** Names of the fields of a fault. */
type FieldName<F> = Exclude<keyof F, 'kind'> & string

/** Field that contradicts another one, and what to use instead. */
export interface Conflict {
  readonly field: string
  readonly message: string
  readonly remedy: string
}

/** Kind of fault: the description of its JSON, and the function that starts it. */
export interface FaultKind<F extends { readonly kind: string }> {
  readonly kind: F['kind']
  readonly summary: string
  readonly fields: { readonly [K in FieldName<F>]-?: Field }
  /** Fields of the shorthand, in order: `--loss 1%,25%` is `rate`, `correlation`. */
  readonly shorthand: readonly FieldName<F>[]
  /** Field behind `±` in the shorthand, if the kind has one: `--delay 20ms±5ms`. */
  readonly spread?: FieldName<F>
  /** Returns a contradiction between fields that are each in range. Absent: there is none. */
  conflict?(fault: Required<F>): Conflict | undefined
  /** Returns true if its effect depends on chance, so that a seed reproduces it. */
  usesChance(fault: Required<F>): boolean
  /** Returns true if a packet can overtake another one in this fault. */
  reorders(fault: Required<F>): boolean
  /** Starts the fault at `now` (ms). All chance comes from `random`. */
  start(fault: Required<F>, random: Random, now: number): Impairment
}
