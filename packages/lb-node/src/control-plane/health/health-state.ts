/** State of a backend: `unknown` before the first result. */
export type Health = 'unknown' | 'healthy' | 'unhealthy'

/** Result of one check, or of one connection of the traffic. */
export type CheckResult = 'success' | 'failure'

/** Results in a row that it takes to change sides; at least 1 each. */
export interface HealthThresholds {
  /** Successes that make an unhealthy backend healthy. */
  readonly rise: number
  /** Failures that make a healthy backend unhealthy. */
  readonly fall: number
}

/** A backend's health as its results so far have it. */
export interface HealthState {
  readonly health: Health
  /** Results in a row that speak against `health`. */
  readonly doubts: number
  /** When `health` came to be, ms. */
  readonly since: number
}

/**
 * Next state after a result, and the number of results in a row that it takes; undefined: the
 * result confirms the state.
 */
interface HealthTransition {
  readonly to: Health
  readonly after: 'one' | keyof HealthThresholds
}

/**
 * A first success decides at once. A first failure does not: where backends and LBs start together,
 * a backend that is not up yet is no news. After that changes are dampened both ways.
 */
export const HEALTH_TRANSITIONS: Readonly<Record<Health, Readonly<Record<CheckResult, HealthTransition | undefined>>>> =
  {
    unknown: { success: { to: 'healthy', after: 'one' }, failure: { to: 'unhealthy', after: 'fall' } },
    healthy: { success: undefined, failure: { to: 'unhealthy', after: 'fall' } },
    unhealthy: { success: { to: 'healthy', after: 'rise' }, failure: undefined },
  }

/** Returns the state at the start: `unknown` since `now`. */
export function unknownHealth(now: number): HealthState {
  return { health: 'unknown', doubts: 0, since: now }
}

/** The state after one more result. */
export function observe(
  state: HealthState,
  result: CheckResult,
  thresholds: HealthThresholds,
  now: number,
): HealthState {
  const transition = HEALTH_TRANSITIONS[state.health][result]
  if (transition === undefined) return state.doubts === 0 ? state : { ...state, doubts: 0 }
  const doubts = state.doubts + 1
  const needed = transition.after === 'one' ? 1 : thresholds[transition.after]
  return doubts < needed ? { ...state, doubts } : { health: transition.to, doubts: 0, since: now }
}

/**
 * Returns true while a backend counts as healthy and gets new flows. Before the first result
 * `initial` decides.
 */
export function countsAsHealthy({ health }: HealthState, initial: 'healthy' | 'unhealthy'): boolean {
  return (health === 'unknown' ? initial : health) === 'healthy'
}
