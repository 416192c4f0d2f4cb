import type { Happening } from '../events/event.js'
import type { Author } from './author.js'

/** Change of a fault, for the cluster's events. */
export interface FaultChange {
  /** Id of the fault, as in `f3`. */
  readonly id: string
  /**
   * `injected`: reported before it takes effect. `failed`: it could not be injected after all.
   * `cleared`: by an operator. `ended`: its duration is over. `vanished`: its role has lost it, by
   * a restart, say. `overdue`: its duration is over, but the role does not respond; tried again.
   */
  readonly change: 'injected' | 'failed' | 'cleared' | 'ended' | 'vanished' | 'overdue'
  readonly kind: string
  readonly role: string
  readonly side: string | undefined
  /** Originator of the change. */
  readonly author: Author
  /** Seed of its chance; null: it uses none. */
  readonly seed: number | null
  /** Time of day at which it ends by itself, ISO 8601; null: it lasts until it is cleared. */
  readonly endsAt: string | null
  /** A sentence without a full stop. */
  readonly description: string
}

/** Returns the event of a change of a fault. */
export function faultHappening({ id, change, kind, side, ...fields }: FaultChange): Happening {
  return { kind: `fault.${change}`, fault: id, faultKind: kind, ...(side !== undefined && { side }), ...fields }
}
