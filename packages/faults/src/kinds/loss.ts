import { correlatedChances } from '../correlated.js'
import type { FaultKind } from '../fault-kind.js'
import { CORRELATION, chance } from '../field.js'

/**
 * Drops each packet with probability `rate`, independently if `correlation` is 0. With correlation
 * the share that is dropped differs from `rate` (see `correlatedChances`): for bursts of a known
 * length use `gilbert-elliott`.
 */
export interface Loss {
  readonly kind: 'loss'
  /** 0 (no loss) to 1 (all). */
  readonly rate: number
  /** 0 (default) to 0.99, as in netem. */
  readonly correlation?: number
}

export const loss: FaultKind<Loss> = {
  kind: 'loss',
  summary: 'packets are dropped at random',
  fields: { rate: chance('share of packets that are dropped'), correlation: CORRELATION },
  shorthand: ['rate', 'correlation'],
  usesChance: () => true,
  reorders: () => false,
  start({ rate, correlation }, random) {
    const next = correlatedChances(random, correlation)
    return {
      pass: (_bytes, at, out) => {
        if (next() >= rate) out.push(at)
      },
    }
  },
}
