import { hashThreshold } from './hash-threshold.js'
import { Maglev } from './maglev.js'
import { modulo } from './modulo.js'
import { rendezvous } from './rendezvous.js'
import { Resilient, type ResilientOptions } from './resilient.js'
import type { EcmpSelection } from './selection.js'

/**
 * Makes the selections that a configuration can name, one for each switch. Each passes the
 * conformance suite in test/.
 */
export const ECMP_SELECTIONS = {
  modulo: () => modulo,
  'hash-threshold': () => hashThreshold,
  rendezvous: () => rendezvous,
  maglev: () => new Maglev(),
  resilient: (options) => new Resilient(options),
} as const satisfies Record<string, (options: ResilientOptions) => EcmpSelection>

/** Name of a selection, as in {@link ECMP_SELECTIONS}. */
export type EcmpSelectionName = keyof typeof ECMP_SELECTIONS

/** Names of all selections, in the order of the registry. */
export const ECMP_SELECTION_NAMES = Object.keys(ECMP_SELECTIONS) as readonly EcmpSelectionName[]
