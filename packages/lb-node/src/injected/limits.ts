/** Shortest and longest phase of a route that flaps, ms: an hour. */
export const FLAP_PHASE_MIN_MS = 10
export const FLAP_PHASE_MAX_MS = 3_600_000

/** Resources of an LB that a fault can exhaust: source ports per backend, and sessions. */
export const RESOURCES = ['ports', 'sessions'] as const
export type Resource = (typeof RESOURCES)[number]
