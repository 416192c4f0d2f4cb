import type { TSchema } from 'typebox'
import { backendBehavior } from './backend-behavior.js'
import type { FaultFields, FaultKind, FieldsOf } from './fault-kind.js'
import { keptStoppedRole } from './kept-stopped-role.js'
import { linkDown } from './link-down.js'
import { linkFlap } from './link-flap.js'
import { linkImpaired } from './link-impaired.js'
import { pausedRole } from './paused-role.js'
import { starvedRole } from './starved-role.js'

/**
 * All kinds of faults, in the order in which faults are listed. The API's schemas, `faults list`
 * and `faults clear` are derived from it.
 */
export const FAULT_KINDS = [
  pausedRole,
  keptStoppedRole,
  starvedRole,
  linkDown,
  linkFlap,
  linkImpaired,
  backendBehavior,
] as const

type SchemasOf<K> = { -readonly [I in keyof K]: K[I] extends { readonly schema: infer S extends TSchema } ? S : never }

/** Schemas of the kinds, in their order. */
export const FAULT_SCHEMAS = FAULT_KINDS.map(({ schema }) => schema) as unknown as SchemasOf<typeof FAULT_KINDS>

/** A fault that can be injected. */
export type InjectableFault = FieldsOf<(typeof FAULT_KINDS)[number]['schema']>

/** Returns the kind with a name. */
export function faultKind<F extends InjectableFault>(kind: F['kind']): FaultKind<F> {
  return FAULT_KINDS.find((known) => known.kind === kind) as FaultKind<FaultFields> as FaultKind<F>
}
