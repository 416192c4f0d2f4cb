import { applyDelay, type Delay } from './delay.js'
import type { Delivery } from './delivery.js'
import { applyDuplicate, type Duplicate } from './duplicate.js'
import { applyLoss, type Loss } from './loss.js'
import type { Random } from './random.js'
import { applyReorder, type Reorder } from './reorder.js'

/** Any impairment. Its JSON is exactly this object. */
export type Fault = Loss | Duplicate | Delay | Reorder

/** Returns the deliveries of an item that enters one fault at `now` (ms). */
export function applyFault<T>(fault: Fault, item: T, now: number, random: Random): Delivery<T>[] {
  switch (fault.kind) {
    case 'loss':
      return applyLoss(fault, item, now, random)
    case 'duplicate':
      return applyDuplicate(fault, item, now, random)
    case 'delay':
      return applyDelay(fault, item, now, random)
    case 'reorder':
      return applyReorder(fault, item, now, random)
  }
}
