import { readFileSync } from 'node:fs'
import type { ClusterConfig, ConfigOverrides } from '../config/cluster-config.js'
import type { ConfigResult } from '../config/config-error.js'
import { defaultConfig } from '../config/default-config.js'
import { loadConfig } from '../config/load.js'
import { CliError } from './cli-error.js'

export type UsableConfig = Extract<ConfigResult<ClusterConfig>, { readonly ok: true }>

/** The configuration in a file, or the default one. Throws a CliError when the file can't be read. */
export function readConfig(file: string | undefined, overrides: ConfigOverrides): ConfigResult<ClusterConfig> {
  if (file === undefined) return defaultConfig(overrides)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new CliError(`${file} can't be read: ${(error as Error).message}`, 2)
  }
  return loadConfig(text, file, overrides)
}
