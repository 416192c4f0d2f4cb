import type { FaultKind } from '../fault-kind.js'

/** Drops every packet while the carrier stays. */
export interface BlackHole {
  readonly kind: 'black-hole'
}

export const blackHole: FaultKind<BlackHole> = {
  kind: 'black-hole',
  summary: 'every packet is dropped, and the carrier stays',
  fields: {},
  shorthand: [],
  usesChance: () => false,
  reorders: () => false,
  start: () => ({ pass: () => {} }),
}
