import type { Delivery } from './delivery.js'
import type { Random } from './random.js'

/** Loses each item on its own with probability `rate`. */
export interface Loss {
  readonly kind: 'loss'
  /** 0 (nothing is lost) to 1 (a black hole). */
  readonly rate: number
}

/** What is left of an item that goes in at `now`: it or nothing. */
export function applyLoss<T>(fault: Loss, item: T, now: number, random: Random): Delivery<T>[] {
  return random.next() < fault.rate ? [] : [{ at: now, item }]
}
