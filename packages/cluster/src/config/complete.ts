import { checkCluster, checkCount } from './check-cluster.js'
import type { ClusterConfig, ConfigOverrides } from './cluster-config.js'
import {
  type ConfigError,
  type ConfigResult,
  formatPath,
  type Locate,
  type Report,
  sortConfigErrors,
} from './config-error.js'
import { resolveConfig } from './resolve.js'
import type { ClusterDocument } from './schema.js'

/** Mistakes found so far, with the place of each. */
export interface ErrorCollector {
  readonly errors: ConfigError[]
  readonly report: Report
}

/** @param overrides what is said there is wrong there, and not in the file */
export function collectErrors(locate: Locate, overrides: ConfigOverrides): ErrorCollector {
  const errors: ConfigError[] = []
  const report: Report = (path, problem, remedy) => {
    const root = path[0] as keyof ConfigOverrides
    const overridden = path.length === 1 && Object.hasOwn(overrides, root) && overrides[root] !== undefined
    const where = overridden ? { file: `--${root}`, line: 0, column: 0 } : locate(path)
    errors.push({ ...where, path: overridden ? '' : formatPath(path), problem, remedy })
  }
  return { errors, report }
}

/** Merges a document that satisfies the schema with the command line, fills in the rest, and checks that all fits. */
export function completeConfig(
  document: ClusterDocument,
  overrides: ConfigOverrides,
  { errors, report }: ErrorCollector,
): ConfigResult<ClusterConfig> {
  if (overrides.lbs !== undefined) checkCount('lbs', overrides.lbs, report)
  if (overrides.backends !== undefined) checkCount('backends', overrides.backends, report)
  if (errors.length > 0) return { ok: false, errors }
  const said = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
  const config = resolveConfig({ ...document, ...said })
  checkCluster(config, report)
  return errors.length === 0 ? { ok: true, config } : { ok: false, errors: sortConfigErrors(errors) }
}
