import { checkCluster, checkCount } from './check-cluster.js'
import type { ClusterConfig, ConfigOverrides } from './cluster-config.js'
import {
  type ConfigFinding,
  type ConfigResult,
  formatPath,
  type Locate,
  type Report,
  sortFindings,
} from './config-error.js'
import { resolveConfig } from './resolve.js'
import type { ClusterDocument } from './schema.js'
import type { WarningRule } from './warnings.js'

/**
 * Longest list of errors. Nobody reads more, and aliases can repeat an error many thousand times.
 */
const MAX_FINDINGS = 1_000

/** Findings so far, with their places. */
export interface Findings {
  readonly errors: ConfigFinding[]
  readonly report: Report
  readonly warnings: ConfigFinding[]
  readonly warn: Report
}

/**
 * @param overrides settings of the command line; the place of their errors is there, not in the
 * file
 */
export function collectFindings(locate: Locate, overrides: ConfigOverrides): Findings {
  const into =
    (list: ConfigFinding[]): Report =>
    (path, problem, remedy) => {
      if (list.length >= MAX_FINDINGS) return
      const root = path[0] as keyof ConfigOverrides
      const overridden = path.length === 1 && Object.hasOwn(overrides, root) && overrides[root] !== undefined
      const where = overridden ? { file: `--${root}`, line: 0, column: 0 } : locate(path)
      list.push({ ...where, path: overridden ? '' : formatPath(path), problem, remedy })
    }
  const errors: ConfigFinding[] = []
  const warnings: ConfigFinding[] = []
  return { errors, report: into(errors), warnings, warn: into(warnings) }
}

/**
 * Merges a document that satisfies the schema with the command line, fills in the defaults, and
 * checks the result.
 */
export function completeConfig(
  document: ClusterDocument,
  overrides: ConfigOverrides,
  { errors, report, warnings, warn }: Findings,
  rules: readonly WarningRule[],
): ConfigResult<ClusterConfig> {
  if (overrides.lbs !== undefined) checkCount('lbs', overrides.lbs, report)
  if (overrides.backends !== undefined) checkCount('backends', overrides.backends, report)
  if (errors.length > 0) return { ok: false, errors }
  const set = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
  const merged: ClusterDocument = { ...document, ...set }
  const config = resolveConfig(merged)
  checkCluster(config, report)
  if (errors.length > 0) return { ok: false, errors: sortFindings(errors) }
  for (const rule of rules) rule(config, merged, warn)
  return { ok: true, config, warnings: sortFindings(warnings) }
}
