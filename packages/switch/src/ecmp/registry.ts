import { modulo } from './modulo.js'
import type { EcmpSelection } from './selection.js'

/** The selections that a configuration can name. Each one passes the conformance suite in test/. */
export const ECMP_SELECTIONS = { modulo } as const satisfies Record<string, EcmpSelection>

/** Name of a selection, as in {@link ECMP_SELECTIONS}. */
export type EcmpSelectionName = keyof typeof ECMP_SELECTIONS
