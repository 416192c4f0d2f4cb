import type { Delivery } from './delivery.js'
import { applyFault, type Fault } from './fault.js'
import type { Random } from './random.js'

/**
 * Sends an item through several faults, one behind the other: each sees what the one before it lets
 * out, at that time. Without faults the item comes out at once.
 *
 * @param now when the item goes in, ms
 * @returns the deliveries in the order of their times; equal times keep the order in which they
 * came about
 */
export function applyFaults<T>(faults: readonly Fault[], item: T, now: number, random: Random): Delivery<T>[] {
  let deliveries: Delivery<T>[] = [{ at: now, item }]
  for (const fault of faults) {
    deliveries = deliveries.flatMap((delivery) => applyFault(fault, delivery.item, delivery.at, random))
  }
  return deliveries.sort((a, b) => a.at - b.at)
}
