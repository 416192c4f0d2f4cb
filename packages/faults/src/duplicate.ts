import type { Delivery } from './delivery.js'
import type { Random } from './random.js'

/** Delivers an item twice with probability `rate`. */
export interface Duplicate {
  readonly kind: 'duplicate'
  /** 0 to 1. */
  readonly rate: number
}

/** Returns one or two deliveries of the same item (not of a copy). */
export function applyDuplicate<T>(fault: Duplicate, item: T, now: number, random: Random): Delivery<T>[] {
  const delivery = { at: now, item }
  return random.next() < fault.rate ? [delivery, delivery] : [delivery]
}
