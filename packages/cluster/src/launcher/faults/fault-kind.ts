import * as Type from 'typebox'
import type { EffectReport } from '../../operations/fault-report-schema.js'
import { nullable, strict, Text, type Value } from '../../operations/schemas.js'
import type { LauncherParts } from '../parts.js'
import { AUTHORS } from './author.js'

/** Fields that the framework adds to each listed fault. */
const recordFields = {
  /** Short name, as in `f3`. */
  id: Text,
  author: Type.Enum([...AUTHORS]),
  /** Seed of its chance, 32 bits; null: it uses none. */
  seed: nullable(Type.Integer({ minimum: 0, maximum: 0xffff_ffff })),
  /** Time of day, ISO 8601 in UTC, with milliseconds. */
  startedAt: Text,
  /** Time of day at which it ends by itself; null: it lasts until it is cleared. */
  endsAt: nullable(Text),
  /** A sentence without a full stop. */
  description: Text,
  /** Command that clears it. */
  undo: Text,
}

/** A fault without the fields that the framework adds: those that its kind gives to a role. */
export type FieldsOf<S extends Type.TSchema> = S extends Type.TSchema
  ? Omit<Value<S>, keyof typeof recordFields>
  : never

/** Fields of each fault. */
export interface FaultFields {
  readonly kind: string
  /** Role that has the fault. */
  readonly role: string
}

/**
 * Returns the JSON of a kind of fault in the API.
 *
 * @param fields fields that distinguish faults of one role, and their settings
 */
export const faultSchema = <K extends string, F extends Type.TProperties>(kind: K, fields: F) =>
  strict({ kind: Type.Literal(kind), role: Text, ...fields, ...recordFields })

/** Faults of one kind that are injected or cleared together; all are of one role. */
export type Together<F> = readonly [F, ...F[]]

/** A fault with its record. */
export type Injected<F> = F & { readonly id: string; readonly seed: number | null }

/** A fault that a role has. A role that stores ids and seeds returns them; others have none. */
export type Found<F> = F & { readonly id?: string | undefined; readonly seed?: number | null | undefined }

/** Search for the faults of a kind. */
export interface Search {
  /** Role whose faults are needed; undefined: all. Faults of other roles are ignored. */
  readonly role: string | undefined
  /** Receives roles that should respond and do not. */
  readonly onUnreachable: (role: string, reason: string) => void
}

/** Recovery of the cluster after faults have been cleared. */
export interface Recovered {
  readonly tookMs: number
  /**
   * VIPs without enough healthy backends, which stay withdrawn; undefined: the routes were not
   * awaited, since another fault keeps them away.
   */
  readonly inhibited: readonly string[] | undefined
}

/**
 * A kind of fault: how it is injected, found and cleared, and what is seen of it. A kind keeps no
 * state: {@link list} finds out what roles have. Id, seed, author, duration, events and the end of
 * a duration are the framework's.
 */
export interface FaultKind<F extends FaultFields, S extends Type.TSchema = Type.TSchema> {
  readonly kind: F['kind']
  readonly schema: S
  /** Description of the kind, as in 'a role is paused (SIGSTOP)'; the docs list it. */
  readonly summary: string
  /**
   * True if the role can't respond while the fault lasts. Such faults are cleared first, since
   * other faults of the role can't be found or cleared before.
   */
  readonly isRoleDown: boolean
  /**
   * Identity of a fault among those of its kind. A second fault with the same key changes the
   * first, which keeps its id: a kind of which a role has at most one returns the role, one whose
   * faults compose returns the id.
   */
  keyOf(fault: Found<F>): string
  /** True if the fault uses chance, so that it needs a seed. Absent: no fault of this kind does. */
  usesChance?(fault: F): boolean
  /**
   * Throws an ApiError if the fault can't be meant: 404 for a name that the plan does not have,
   * 400 for a field out of its range.
   */
  check(fault: F, on: LauncherParts): void
  /**
   * Returns a fault as {@link list} returns it, with one of several equal names in place of the
   * others. Absent: it is as {@link check} has accepted it.
   */
  normalize?(fault: F, on: LauncherParts): F
  /**
   * Injects faults, or changes those with the same keys. If that is not possible, rejects with an
   * ApiError or a ChildStateError that states why, and leaves all as it was.
   *
   * @returns the effect, and where it shows
   */
  apply(faults: Together<Injected<F>>, on: LauncherParts): Promise<EffectReport>
  /**
   * Clears a fault, whether or not it is injected; resolves when that is done, and not only when
   * routes are back. An operator clears by fields, without an id; the framework clears what
   * {@link list} has returned, with the id of its record.
   */
  undo(fault: Found<F>, on: LauncherParts): Promise<void>
  /** Returns the faults of this kind that roles have now. */
  list(on: LauncherParts, search: Search): Promise<readonly Found<F>[]>
  /** Describes a fault in a sentence without a full stop, which begins with the role. */
  describe(fault: F): string
  /** Returns the command that clears a fault. */
  undoCommand(fault: Injected<F>): string
  /** Reports the end of faults, and what to watch. */
  cleared(faults: Together<F>, recovered: Recovered, on: LauncherParts): EffectReport
  /**
   * LBs whose routes a fault ends as soon as it is detected; their outcomes are predicted before.
   * Absent: none.
   */
  endsRoutesOf?(fault: F, on: LauncherParts): readonly string[]
  /** Name of the VIP whose routes these are. Absent: of all VIPs. */
  vipOf?(fault: F): string
  /** LBs whose routes are awaited when a fault has been cleared. */
  awaited(fault: F, on: LauncherParts): readonly string[]
  /**
   * True if a fault of this kind keeps routes of an LB away now.
   *
   * @param isInjected true if the LB itself has a fault of this kind, as far as is known
   */
  keepsRoutesAway(lb: string, on: LauncherParts, isInjected: boolean): boolean
}
