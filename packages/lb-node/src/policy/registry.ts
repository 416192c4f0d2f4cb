import { leastConnections } from './least-connections.js'
import { Maglev } from './maglev.js'
import type { BackendPolicy } from './policy.js'
import { powerOfTwoChoices } from './power-of-two-choices.js'
import { random } from './random.js'
import { roundRobin } from './round-robin.js'
import { sourceHash } from './source-hash.js'
import { WeightedRoundRobin } from './weighted-round-robin.js'

/** Makes the policies that a configuration can name: one for each service, for some keep a table of its backends. */
export const BACKEND_POLICIES = {
  'round-robin': () => roundRobin,
  'weighted-round-robin': () => new WeightedRoundRobin(),
  random: () => random,
  'least-connections': () => leastConnections,
  'power-of-two-choices': () => powerOfTwoChoices,
  'source-hash': () => sourceHash,
  maglev: () => new Maglev(),
} as const satisfies Record<string, () => BackendPolicy>

export type BackendPolicyName = keyof typeof BACKEND_POLICIES
