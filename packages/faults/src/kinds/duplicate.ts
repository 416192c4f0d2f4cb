import { correlatedChances } from '../correlated.js'
import type { FaultKind } from '../fault-kind.js'
import { CORRELATION, chance } from '../field.js'

/**
 * Sends a packet twice with probability `rate`. The copy passes the faults behind this one for
 * itself: it takes room in a buffer, and has its own delay.
 */
export interface Duplicate {
  readonly kind: 'duplicate'
  /** 0 to 1. */
  readonly rate: number
  /** 0 (default) to 0.99, as in netem. */
  readonly correlation?: number
}

export const duplicate: FaultKind<Duplicate> = {
  kind: 'duplicate',
  summary: 'packets are sent twice',
  fields: { rate: chance('share of packets that are sent twice'), correlation: CORRELATION },
  shorthand: ['rate', 'correlation'],
  usesChance: () => true,
  reorders: () => false,
  start({ rate, correlation }, random) {
    const next = correlatedChances(random, correlation)
    return {
      pass: (_bytes, at, out) => {
        out.push(at)
        if (next() < rate) out.push(at)
      },
    }
  },
}
