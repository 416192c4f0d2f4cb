import type { Author } from './author.js'

/** Record of an injected fault: all that the role which has the fault does not know. */
export interface FaultRecord {
  /** Short name, unique in the life of a launcher, as in `f3`. */
  readonly id: string
  readonly kind: string
  /** Identity among the faults of its kind. */
  readonly key: string
  readonly role: string
  /** Switch at the other end of the link that has it; undefined: the role has it. */
  readonly side?: string | undefined
  /** A sentence without a full stop. */
  readonly description: string
  readonly author: Author
  /** Seed of its chance, 32 bits; null: it uses none. */
  readonly seed: number | null
  /** Time of day of its injection, ms since 1970. */
  readonly startedAt: number
  /** Time of day at which it ends by itself, ms since 1970; null: it lasts until it is cleared. */
  readonly endsAt: number | null
}

/** Properties of an injection beside the fault itself. */
export interface Injection {
  readonly author: Author
  /** Time after which the fault ends by itself, ms; undefined: it lasts until it is cleared. */
  readonly forMs?: number | undefined
  /** Seed of its chance, 32 bits; undefined: a random one. */
  readonly seed?: number | undefined
}
