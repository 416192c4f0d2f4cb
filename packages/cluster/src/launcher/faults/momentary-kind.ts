import type { EffectReport } from '../../operations/fault-report-schema.js'
import type { LauncherParts } from '../parts.js'
import type { FaultFields } from './fault-kind.js'

/**
 * A kind of fault that is over at once: it has an id and an event, and is neither listed nor
 * cleared.
 */
export interface MomentaryKind<F extends FaultFields> {
  readonly kind: F['kind']
  /** Description of the kind, as in 'a role is killed (SIGKILL)'; the docs list it. */
  readonly summary: string
  /** Throws an ApiError 404 for a name that the plan does not have. */
  check(fault: F, on: LauncherParts): void
  /**
   * Injects the fault. If that is not possible, rejects with an ApiError or a ChildStateError that
   * states why.
   */
  apply(fault: F, on: LauncherParts): Promise<EffectReport>
  /** LBs whose routes the fault ends, as in `FaultKind`. */
  endsRoutesOf(fault: F, on: LauncherParts): readonly string[]
  /** Describes a fault in a sentence without a full stop, which begins with the role. */
  describe(fault: F): string
}
