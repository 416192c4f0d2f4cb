import { correlatedChances } from '../correlated.js'
import type { FaultKind } from '../fault-kind.js'
import { CORRELATION, chance } from '../field.js'

/**
 * Lets packets overtake each other. Every `gap`-th packet is a candidate, and each candidate is
 * selected with probability `rate`; after an unselected candidate the next packet is one, too. This
 * is how netem selects (`reorder PERCENT CORRELATION gap DISTANCE`).
 *
 * - `late`: a selected packet is held for a time that is uniform in [0, `byMs`), and those behind
 *   it overtake. All others pass at once, so the latency of the link stays.
 * - `early`: a selected packet passes at once, and all others are held for `byMs`. This is netem's
 *   rule, with `byMs` as its delay.
 */
export interface Reorder {
  readonly kind: 'reorder'
  /** 0 to 1. */
  readonly rate: number
  /** Above 0, to 60,000. */
  readonly byMs: number
  /** 1 (default: every packet is a candidate) to 1,000,000. */
  readonly gap?: number
  /** 0 (default) to 0.99, as in netem. */
  readonly correlation?: number
  readonly selected?: 'late' | 'early'
}

export const reorder: FaultKind<Reorder> = {
  kind: 'reorder',
  summary: 'packets overtake each other',
  fields: {
    rate: chance('share of candidates that are selected'),
    byMs: {
      type: 'quantity',
      summary: 'hold time: its limit if `late`, exact if `early`',
      unit: 'ms',
      min: 0,
      isAboveMin: true,
      max: 60_000,
    },
    gap: {
      type: 'quantity',
      summary: 'distance of candidates; 1: every packet',
      unit: 'packets',
      min: 1,
      max: 1_000_000,
      default: 1,
    },
    correlation: CORRELATION,
    selected: {
      type: 'choice',
      summary: 'selected packets are held (`late`), or pass while the others are held (`early`, netem)',
      values: ['late', 'early'],
      default: 'late',
    },
  },
  shorthand: ['rate', 'byMs', 'gap', 'correlation'],
  usesChance: () => true,
  reorders: () => true,
  start({ rate, byMs, gap, correlation, selected }, random) {
    const next = correlatedChances(random, correlation)
    /** Packets since the last selected one. */
    let unselected = 0
    return {
      pass: (_bytes, at, out) => {
        const isSelected = unselected >= gap - 1 && next() < rate
        unselected = isSelected ? 0 : unselected + 1
        if (selected === 'early') out.push(isSelected ? at : at + byMs)
        else out.push(isSelected ? at + random.next() * byMs : at)
      },
    }
  },
}
