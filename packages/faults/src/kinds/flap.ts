import type { FaultKind } from '../fault-kind.js'
import type { QuantityField } from '../field.js'

/**
 * Takes the carrier away and returns it, again and again. The link is up for `upMs` first, counted
 * from the start of the fault. Packets that are sent while it is down are dropped.
 */
export interface Flap {
  readonly kind: 'flap'
  /** 1 to 3,600,000. */
  readonly upMs: number
  /** 1 to 3,600,000. */
  readonly downMs: number
}

const PERIOD = { type: 'quantity', unit: 'ms', min: 1, max: 3_600_000 } as const satisfies Partial<QuantityField>

export const flap: FaultKind<Flap> = {
  kind: 'flap',
  summary: 'the carrier comes and goes',
  fields: {
    upMs: { ...PERIOD, summary: 'time with carrier, first' },
    downMs: { ...PERIOD, summary: 'time without carrier' },
  },
  shorthand: ['upMs', 'downMs'],
  usesChance: () => false,
  reorders: () => false,
  start({ upMs, downMs }, _random, startedAt) {
    const periodMs = upMs + downMs
    const startOf = (period: number): number => startedAt + period * periodMs
    /** Number of the period that holds `at`. Rounding must not leave `at` outside of it. */
    const periodAt = (at: number): number => {
      const near = Math.floor((at - startedAt) / periodMs)
      if (startOf(near + 1) <= at) return near + 1
      return startOf(near) > at ? near - 1 : near
    }
    const isUp = (at: number): boolean => at < startOf(periodAt(at)) + upMs
    return {
      pass: (_bytes, at, out) => {
        if (isUp(at)) out.push(at)
      },
      isUp,
      changesAt: (now) => (isUp(now) ? startOf(periodAt(now)) + upMs : startOf(periodAt(now) + 1)),
    }
  },
}
