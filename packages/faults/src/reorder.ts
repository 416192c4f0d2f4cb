import type { Delivery } from './delivery.js'
import type { Random } from './random.js'

/**
 * Holds an item back with probability `rate`, so that those behind it overtake it; the others pass
 * at once.
 */
export interface Reorder {
  readonly kind: 'reorder'
  /** 0 to 1. */
  readonly rate: number
  /** Longest time an item is held back, above 0; uniform in [0, byMs). */
  readonly byMs: number
}

/** The item, now or held back. */
export function applyReorder<T>(fault: Reorder, item: T, now: number, random: Random): Delivery<T>[] {
  // Both draws are always made: whether one item is held back must not shift the chances of the
  // next.
  const heldBack = random.next() < fault.rate
  const byMs = random.next() * fault.byMs
  return [{ at: heldBack ? now + byMs : now, item }]
}
