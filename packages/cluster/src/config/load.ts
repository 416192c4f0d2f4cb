import { readFileSync } from 'node:fs'
import { checkSchema } from './check-schema.js'
import type { ClusterConfig, ConfigOverrides } from './cluster-config.js'
import { collectFindings, completeConfig } from './complete.js'
import { type ConfigResult, sortFindings } from './config-error.js'
import { withoutExtensions } from './extensions.js'
import type { ClusterDocument } from './schema.js'
import type { SchemaNode } from './schema-node.js'
import { WARNING_RULES, type WarningRule } from './warnings.js'
import { readYaml } from './yaml-source.js'

/** The published schema, made from schema.ts by scripts/cluster-schema.mjs; as far away from here as from the bundle. */
const SCHEMA_FILE = new URL('../../schema/cluster.schema.json', import.meta.url)

/**
 * Loads a cluster's configuration.
 *
 * @param text YAML (or JSON, which is YAML)
 * @param file how error messages call it
 * @param overrides what the command line says over it
 * @param rules what to warn of
 * @returns the configuration with its warnings, or every error in it, in the order of the file. Never throws for what the text holds.
 */
export function loadConfig(
  text: string,
  file: string,
  overrides: ConfigOverrides = {},
  rules: readonly WarningRule[] = WARNING_RULES,
): ConfigResult<ClusterConfig> {
  const source = readYaml(text, file)
  if (!source.ok) return source
  const found = collectFindings(source.locate, overrides)
  const schema = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')) as SchemaNode
  checkSchema(schema, source.value, found.report)
  if (found.errors.length > 0) return { ok: false, errors: sortFindings(found.errors) }
  return completeConfig(withoutExtensions(schema, source.value) as ClusterDocument, overrides, found, rules)
}
