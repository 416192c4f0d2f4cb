import type { ClusterConfig } from './cluster-config.js'
import type { Report } from './config-error.js'
import type { ClusterDocument } from './schema.js'
import { warnOfBackends } from './warn-backends.js'
import { warnOfBfd } from './warn-bfd.js'
import { warnOfClientAddress } from './warn-client-address.js'
import { warnOfNeighbors } from './warn-neighbors.js'
import { warnOfTimers } from './warn-timers.js'
import { warnOfVips } from './warn-vips.js'

/**
 * Reports settings that are valid and probably not meant. It is called only if the configuration
 * has no error.
 *
 * A rule that depends on the machine (its limits, its listeners) is a closure over data that was
 * read from the machine: see the parameter `rules` of `loadConfig`. Each warning has a remedy, and,
 * if the setting may be intended, a way to state that.
 *
 * @param config complete, with every default filled in
 * @param document the settings as written: an absent value is a default
 * @param warn takes the path of a setting, the problem and the remedy, as `report` does for errors
 */
export type WarningRule = (config: ClusterConfig, document: ClusterDocument, warn: Report) => void

/** Rules that need only the configuration. */
export const WARNING_RULES: readonly WarningRule[] = [
  warnOfBackends,
  warnOfVips,
  warnOfTimers,
  warnOfBfd,
  warnOfNeighbors,
  warnOfClientAddress,
]
