/**
 * Seeded impairments of packets and streams. Pure: chance comes from a seed, the time from the
 * caller.
 */
export { applyFaults } from './compose.js'
export type { Delay } from './delay.js'
export type { Delivery } from './delivery.js'
export type { Duplicate } from './duplicate.js'
export { applyFault, type Fault } from './fault.js'
export type { Loss } from './loss.js'
export { type Random, seededRandom } from './random.js'
export type { Reorder } from './reorder.js'
