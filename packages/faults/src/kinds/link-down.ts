import type { FaultKind } from '../fault-kind.js'

/**
 * Takes the carrier from the link. Packets that are sent meanwhile are dropped; those under way
 * arrive.
 */
export interface LinkDown {
  readonly kind: 'link-down'
}

export const linkDown: FaultKind<LinkDown> = {
  kind: 'link-down',
  summary: 'the link has no carrier, and both ends notice',
  fields: {},
  shorthand: [],
  usesChance: () => false,
  reorders: () => false,
  start: () => ({ pass: () => {}, isUp: () => false }),
}
