import type { Delivery } from './delivery.js'
import type { Random } from './random.js'

/** Drops each item independently with probability `rate`. */
export interface Loss {
  readonly kind: 'loss'
  /** 0 (no loss) to 1 (a black hole). */
  readonly rate: number
}

/** Returns the delivery of an item, or none. */
export function applyLoss<T>(fault: Loss, item: T, now: number, random: Random): Delivery<T>[] {
  return random.next() < fault.rate ? [] : [{ at: now, item }]
}
