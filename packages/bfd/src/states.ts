/** Session states with their codes on the wire (RFC 5880 §4.1, field Sta). */
export const BFD_STATE_CODES = { 'admin-down': 0, down: 1, init: 2, up: 3 } as const
export type BfdState = keyof typeof BFD_STATE_CODES

/** All states, indexed by their codes. */
export const BFD_STATES = ['admin-down', 'down', 'init', 'up'] as const satisfies readonly BfdState[]
