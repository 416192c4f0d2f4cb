import type { Conflict, Impairment } from './fault-kind.js'
import type { Field } from './field.js'
import { type BlackHole, blackHole } from './kinds/black-hole.js'
import { type Delay, delay } from './kinds/delay.js'
import { type Duplicate, duplicate } from './kinds/duplicate.js'
import { type Flap, flap } from './kinds/flap.js'
import { type GilbertElliott, gilbertElliott } from './kinds/gilbert-elliott.js'
import { type LinkDown, linkDown } from './kinds/link-down.js'
import { type Loss, loss } from './kinds/loss.js'
import { type Rate, rate } from './kinds/rate.js'
import { type Reorder, reorder } from './kinds/reorder.js'
import type { Random } from './random.js'

/** Any fault of a link. Its JSON is exactly this object. */
export type Fault = LinkDown | Flap | BlackHole | Loss | GilbertElliott | Duplicate | Rate | Delay | Reorder

/** Name of a kind of fault. */
export type FaultName = Fault['kind']

/** Kind of fault, without the type of its fields. */
export interface AnyFaultKind {
  readonly kind: FaultName
  readonly summary: string
  readonly fields: Readonly<Record<string, Field>>
  readonly shorthand: readonly string[]
  readonly spread?: string
  conflict?(fault: Fault): Conflict | undefined
  usesChance(fault: Fault): boolean
  reorders(fault: Fault): boolean
  start(fault: Fault, random: Random, now: number): Impairment
}

/**
 * All kinds of faults, in the order in which the faults of a link compose. Faults of one kind
 * compose in the order in which they were added.
 *
 * Faults that keep packets off the link come first: such a packet takes no room in the buffer. A
 * copy is serialised like its original. Delay is propagation, behind the buffer. `delay` and
 * `reorder` come last, so every fault with a memory of time takes packets in ascending time.
 */
export const FAULT_KINDS: readonly AnyFaultKind[] = [
  linkDown,
  flap,
  blackHole,
  loss,
  gilbertElliott,
  duplicate,
  rate,
  delay,
  reorder,
]

const byName = new Map<string, AnyFaultKind>(FAULT_KINDS.map((kind) => [kind.kind, kind]))

/** Returns a kind of fault by its name; undefined if there is none. */
export function faultKind(name: string): AnyFaultKind | undefined {
  return byName.get(name)
}

/** Returns true if the effect of a fault depends on chance, so that a seed reproduces it. */
export function usesChance(fault: Fault): boolean {
  const kind = faultKind(fault.kind)
  return kind?.usesChance(withDefaults(kind, fault)) ?? false
}

/** Returns the fault with every absent field set to its default. */
export function withDefaults(kind: AnyFaultKind, fault: Fault): Fault {
  const defaults = Object.entries(kind.fields).map(([name, field]) => [name, field.default])
  return { ...Object.fromEntries(defaults), ...fault }
}
