import * as Type from 'typebox'
import type { FaultReport } from '../../operations/fault-report-schema.js'
import { strict, Text, type Value } from '../../operations/schemas.js'
import type { LauncherParts } from '../parts.js'

/** A fault without its texts: the fields that name it. */
export type FieldsOf<S extends Type.TSchema> = S extends Type.TSchema ? Omit<Value<S>, 'description' | 'undo'> : never

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
  strict({
    kind: Type.Literal(kind),
    role: Text,
    ...fields,
    /** A sentence without a full stop. */
    description: Text,
    /** Command that clears it. */
    undo: Text,
  })

/** Faults of one kind that are injected or cleared together. */
export type Together<F> = readonly [F, ...F[]]

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
 * A kind of fault: how it is injected, found and cleared, and what is seen of it. A name that is
 * not in the plan is an ApiError 404 of `check`.
 */
export interface FaultKind<F extends FaultFields, S extends Type.TSchema = Type.TSchema> {
  readonly kind: F['kind']
  readonly schema: S
  /**
   * True if the role can't respond while the fault lasts. Such faults are cleared first, since
   * other faults of the role can't be found or cleared before.
   */
  readonly isRoleDown: boolean
  /** True if events of the role report the fault and its end. */
  readonly hasOwnEvents: boolean
  /** Throws an ApiError if the cluster has no such role. */
  check(fault: F, on: LauncherParts): void
  /** Injects faults; returns what to watch. */
  apply(faults: Together<F>, on: LauncherParts): Promise<FaultReport>
  /** Clears a fault; resolves when that is done, and not only when routes are back. */
  undo(fault: F, on: LauncherParts): Promise<void>
  /**
   * Returns the faults of this kind that are injected now.
   *
   * @param onUnreachable receives roles that should respond and do not
   */
  list(on: LauncherParts, onUnreachable: (role: string, reason: string) => void): Promise<readonly F[]>
  /** Describes a fault in a sentence without a full stop. */
  describe(fault: F): string
  /** Returns the command that clears a fault. */
  undoCommand(fault: F): string
  /** Reports the end of faults, and what to watch. */
  cleared(faults: Together<F>, recovered: Recovered, on: LauncherParts): FaultReport
  /** LBs whose routes are awaited when a fault has been cleared. */
  awaited(fault: F, on: LauncherParts): readonly string[]
  /** True if a fault of this kind keeps routes of an LB away now. */
  keepsRoutesAway(lb: string, on: LauncherParts): boolean
}
