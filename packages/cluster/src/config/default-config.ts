import type { ClusterConfig, ConfigOverrides } from './cluster-config.js'
import { collectErrors, completeConfig } from './complete.js'
import type { ConfigResult } from './config-error.js'

/** The configuration of a cluster that nothing but its command line describes. */
export function defaultConfig(overrides: ConfigOverrides = {}): ConfigResult<ClusterConfig> {
  const nowhere = { file: 'default configuration', line: 0, column: 0 }
  return completeConfig(
    {},
    overrides,
    collectErrors(() => nowhere, overrides),
  )
}
