import type { Delivery } from './delivery.js'
import type { Random } from './random.js'

/**
 * Delays an item with probability `rate`, so that later ones overtake it. The others pass at once.
 */
export interface Reorder {
  readonly kind: 'reorder'
  /** 0 to 1. */
  readonly rate: number
  /** Limit of the delay, ms, above 0; uniform in [0, byMs). */
  readonly byMs: number
}

/** Returns the delivery of an item, now or delayed. */
export function applyReorder<T>(fault: Reorder, item: T, now: number, random: Random): Delivery<T>[] {
  // Both numbers are always drawn, so that the fate of one item does not change the chances of the
  // next.
  const isDelayed = random.next() < fault.rate
  const byMs = random.next() * fault.byMs
  return [{ at: isDelayed ? now + byMs : now, item }]
}
