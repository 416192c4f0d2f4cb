import { readFileSync } from 'node:fs'
import { checkSchema } from './check-schema.js'
import type { ClusterConfig, ConfigOverrides } from './cluster-config.js'
import { collectFindings, completeConfig } from './complete.js'
import { type ConfigResult, type Locate, sortFindings } from './config-error.js'
import { withoutExtensions } from './extensions.js'
import type { ClusterDocument } from './schema.js'
import type { SchemaNode } from './schema-node.js'
import { WARNING_RULES, type WarningRule } from './warnings.js'
import { readYaml } from './yaml-source.js'

/**
 * Published schema, made from schema.ts by scripts/file-schemas.mjs. Its distance from this
 * module and from the bundle is the same.
 */
const SCHEMA_FILE = new URL('../../schema/cluster.schema.json', import.meta.url)

/**
 * Loads the configuration of a cluster.
 *
 * @param text YAML (or JSON, which is YAML)
 * @param file name of the file in error messages
 * @param overrides settings of the command line
 * @param rules rules of warnings
 * @returns the configuration with its warnings, or all errors in the order of the file. Never
 * throws because of the text.
 */
export function loadConfig(
  text: string,
  file: string,
  overrides: ConfigOverrides = {},
  rules: readonly WarningRule[] = WARNING_RULES,
): ConfigResult<ClusterConfig> {
  const source = readYaml(text, file)
  return source.ok ? loadDocument(source.value, source.locate, overrides, rules) : source
}

/**
 * Loads the configuration of a cluster that has been parsed, such as a part of another file.
 *
 * @param locate place of each part
 */
export function loadDocument(
  value: unknown,
  locate: Locate,
  overrides: ConfigOverrides = {},
  rules: readonly WarningRule[] = WARNING_RULES,
): ConfigResult<ClusterConfig> {
  const found = collectFindings(locate, overrides)
  const schema = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')) as SchemaNode
  checkSchema(schema, value, found.report)
  if (found.errors.length > 0) return { ok: false, errors: sortFindings(found.errors) }
  return completeConfig(withoutExtensions(schema, value) as ClusterDocument, overrides, found, rules)
}
