import { activeBackup } from './active-backup.js'
import { leastConnections } from './least-connections.js'
import { Maglev } from './maglev.js'
import type { BackendPolicy, PolicyTraits } from './policy.js'
import { powerOfTwoChoices } from './power-of-two-choices.js'
import { random } from './random.js'
import { roundRobin } from './round-robin.js'
import { sourceHash } from './source-hash.js'
import { WeightedRoundRobin } from './weighted-round-robin.js'

interface PolicyRow extends PolicyTraits {
  /** Makes a policy for one service: some keep a table of its backends. */
  readonly create: () => BackendPolicy
}

/**
 * All backend policies, by the name that a configuration has. The schema, the API, the command line
 * and the checks read names and traits from here; the conformance suite holds each policy to its
 * traits.
 */
export const BACKEND_POLICIES = {
  'round-robin': { create: () => roundRobin, usesWeights: false, isSticky: false, spreads: true },
  'weighted-round-robin': { create: () => new WeightedRoundRobin(), usesWeights: true, isSticky: false, spreads: true },
  random: { create: () => random, usesWeights: true, isSticky: false, spreads: true },
  'least-connections': { create: () => leastConnections, usesWeights: true, isSticky: false, spreads: true },
  'power-of-two-choices': { create: () => powerOfTwoChoices, usesWeights: true, isSticky: false, spreads: true },
  'source-hash': { create: () => sourceHash, usesWeights: true, isSticky: true, spreads: true },
  maglev: { create: () => new Maglev(), usesWeights: true, isSticky: true, spreads: true },
  'active-backup': { create: () => activeBackup, usesWeights: false, isSticky: true, spreads: false },
} as const satisfies Record<string, PolicyRow>

export type BackendPolicyName = keyof typeof BACKEND_POLICIES

/** Names of all backend policies, in the order of the registry. */
export const BACKEND_POLICY_NAMES = Object.keys(BACKEND_POLICIES) as readonly BackendPolicyName[]
