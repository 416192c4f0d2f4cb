import type { BackendPolicy } from './policy.js'
import { roundRobin } from './round-robin.js'

/** Makes the policies that a configuration can name: one for each service, for some keep a table of its backends. */
export const BACKEND_POLICIES = { 'round-robin': () => roundRobin } as const satisfies Record<
  string,
  () => BackendPolicy
>

export type BackendPolicyName = keyof typeof BACKEND_POLICIES
