/**
 * Outcomes of flows, with their meaning. This is the only list of them: `flows`, `status`,
 * `predict` and the docs use its words.
 */
export const OUTCOMES = {
  open: 'The flow has not ended.',
  completed: 'Both ends have closed in order, and the flow stayed with its LB.',
  survived: 'The flow was rehashed and went on.',
  'broken-by-rehash': 'The flow was rehashed although its LB stayed, and the other LB has no session for it.',
  'lost-with-its-lb': 'The LB of the flow has left the route, for example because it died.',
  'lost-with-its-switch': 'A switch that carried the flow has stopped or died.',
  'reset-by-backend': 'The backend has reset the connection.',
  'reset-by-client': 'The client has reset the connection.',
  'timed-out': 'Nothing has come back in time.',
  refused: 'The connection was refused by a backend, an LB or the switch before it was established.',
  'no-route': 'The switch had no route to an LB when the flow began.',
  'idle-expired': 'The flow was idle for longer than its session is kept. Each UDP flow that got responses ends so.',
} as const

export type Outcome = keyof typeof OUTCOMES

/** Names of all outcomes, in the order of tables. */
export const OUTCOME_NAMES = Object.keys(OUTCOMES) as readonly Outcome[]

/**
 * Classes of `predict`, and the outcome in which each of them ends: direct loss are the flows of
 * the LBs that fail, collateral those of LBs that stay.
 */
export const OUTCOME_OF_CLASS = {
  directLoss: 'lost-with-its-lb',
  collateral: 'broken-by-rehash',
} as const satisfies Record<string, Outcome>

/** Number of flows per outcome. */
export type OutcomeCounts = Record<Outcome, number>

export function noOutcomes(): OutcomeCounts {
  return Object.fromEntries(OUTCOME_NAMES.map((name) => [name, 0])) as OutcomeCounts
}
