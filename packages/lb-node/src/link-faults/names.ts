/** Links of an LB, by the switch at their other end. */
export const LINK_SIDES = ['uplink', 'downlink'] as const
export type LinkSide = (typeof LINK_SIDES)[number]

/** Directions of a link. `in`: towards the LB; `out`: from the LB. */
export const LINK_DIRECTIONS = ['in', 'out'] as const
export type LinkDirection = (typeof LINK_DIRECTIONS)[number]
