import type { Delivery } from './delivery.js'
import type { Random } from './random.js'

/**
 * Delays every item by `ms` and up to `jitterMs` more. Jitter larger than the spacing of items
 * reorders them.
 */
export interface Delay {
  readonly kind: 'delay'
  /** At least 0. */
  readonly ms: number
  /** At least 0. The extra delay is uniform in [0, jitterMs). */
  readonly jitterMs: number
}

/** Returns the delayed delivery of an item. */
export function applyDelay<T>(fault: Delay, item: T, now: number, random: Random): Delivery<T>[] {
  return [{ at: now + fault.ms + random.next() * fault.jitterMs, item }]
}
