import type { ClusterConfig } from '../config/cluster-config.js'
import type { LinkRequest } from '../config/link-request.js'
import { numbered } from '../config/resolve.js'

/** Faults of links at the start. */
export interface PlannedLinkFaults extends LinkRequest {
  /** Seed of their chances; undefined: a random one. */
  readonly seed: number | undefined
}

/** Returns the faults of a configuration per LB, without those that are invalid. */
export function planLinkFaults({ links, lbs }: ClusterConfig): PlannedLinkFaults[] {
  return links.flatMap(({ lb, side, direction, scope, seed, faults }) => {
    const directions = direction === undefined || direction === 'both' ? undefined : [direction]
    const valid = faults.flatMap(({ fault }) => (fault.ok ? [fault.value] : []))
    const names = lb === 'all' ? numbered('lb', lbs) : [lb]
    return names.map((name) => ({ lb: name, side, directions, scope, seed: seed ?? undefined, faults: valid }))
  })
}
