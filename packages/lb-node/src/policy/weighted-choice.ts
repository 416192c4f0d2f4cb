import type { PolicyBackend } from './policy.js'

/**
 * Chooses among eligible backends in proportion to their weights.
 * @param point in [0, 1): where on the line of all weights
 * @param except a backend that is left out; undefined: none
 * @returns its index, or -1 when none is eligible
 */
export function weightedChoice(backends: readonly PolicyBackend[], point: number, except?: PolicyBackend): number {
  let total = 0
  for (const backend of backends) if (backend.eligible && backend !== except) total += backend.weight
  let left = point * total
  let last = -1
  for (let i = 0; i < backends.length; i++) {
    const backend = backends[i]!
    if (!backend.eligible || backend === except) continue
    last = i
    left -= backend.weight
    if (left < 0) return i
  }
  return last // rounding may leave a speck of the line behind the last one
}
