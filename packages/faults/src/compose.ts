import type { Delivery } from './delivery.js'
import { applyFault, type Fault } from './fault.js'
import type { Random } from './random.js'

/**
 * Applies several faults in order: each takes the deliveries of the one before it, at their times.
 * Without faults the item is delivered at once.
 *
 * @param now time at which the item enters, ms
 * @returns the deliveries, ordered by time; equal times keep the order in which they were made
 */
export function applyFaults<T>(faults: readonly Fault[], item: T, now: number, random: Random): Delivery<T>[] {
  let deliveries: Delivery<T>[] = [{ at: now, item }]
  for (const fault of faults) {
    deliveries = deliveries.flatMap((delivery) => applyFault(fault, delivery.item, delivery.at, random))
  }
  return deliveries.sort((a, b) => a.at - b.at)
}
