import type { BackendPolicy } from './policy.js'
import { roundRobin } from './round-robin.js'

/** The policies that a configuration can name. */
export const BACKEND_POLICIES = { 'round-robin': roundRobin } as const satisfies Record<string, BackendPolicy>

export type BackendPolicyName = keyof typeof BACKEND_POLICIES
