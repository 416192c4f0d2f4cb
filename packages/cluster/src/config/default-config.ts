import type { ClusterConfig, ConfigOverrides } from './cluster-config.js'
import { collectFindings, completeConfig } from './complete.js'
import type { ConfigResult } from './config-error.js'
import { WARNING_RULES, type WarningRule } from './warnings.js'

/** Returns the configuration of a cluster that only its command line describes. */
export function defaultConfig(
  overrides: ConfigOverrides = {},
  rules: readonly WarningRule[] = WARNING_RULES,
): ConfigResult<ClusterConfig> {
  const nowhere = { file: 'default configuration', line: 0, column: 0 }
  return completeConfig(
    {},
    overrides,
    collectFindings(() => nowhere, overrides),
    rules,
  )
}
