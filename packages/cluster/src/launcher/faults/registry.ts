import type { TSchema } from 'typebox'
import { backendBehavior } from './backend-behavior.js'
import { bgpMute } from './bgp-mute.js'
import { bgpReset } from './bgp-reset.js'
import { exhaustedResource } from './exhausted-resource.js'
import type { FaultFields, FaultKind, FieldsOf } from './fault-kind.js'
import { keptStoppedRole } from './kept-stopped-role.js'
import { killedRole } from './killed-role.js'
import { linkDown } from './link-down.js'
import { linkFlap } from './link-flap.js'
import { linkImpaired } from './link-impaired.js'
import type { MomentaryKind } from './momentary-kind.js'
import { pausedRole } from './paused-role.js'
import { flappingRoute, withheldRoute } from './route-faults.js'
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
  bgpMute,
  withheldRoute,
  flappingRoute,
  exhaustedResource,
  backendBehavior,
] as const

/** Kinds of faults that are over at once. */
export const MOMENTARY_KINDS = [killedRole, bgpReset] as const

type FaultOf<K> = K extends MomentaryKind<infer F> ? F : never
/** A fault that is over at once. */
export type MomentaryFault = FaultOf<(typeof MOMENTARY_KINDS)[number]>

type SchemasOf<K> = { -readonly [I in keyof K]: K[I] extends { readonly schema: infer S extends TSchema } ? S : never }

/** Schemas of the kinds, in their order. */
export const FAULT_SCHEMAS = FAULT_KINDS.map(({ schema }) => schema) as unknown as SchemasOf<typeof FAULT_KINDS>

/** A fault that can be injected. */
export type InjectableFault = FieldsOf<(typeof FAULT_KINDS)[number]['schema']>

/** Returns the kind with a name. */
export function faultKind<F extends InjectableFault>(kind: F['kind']): FaultKind<F> {
  return FAULT_KINDS.find((known) => known.kind === kind) as FaultKind<FaultFields> as FaultKind<F>
}

/** Returns the kind with a name, of those that are over at once. */
export function momentaryKind<F extends MomentaryFault>(kind: F['kind']): MomentaryKind<F> {
  return MOMENTARY_KINDS.find((known) => known.kind === kind) as MomentaryKind<FaultFields> as MomentaryKind<F>
}
