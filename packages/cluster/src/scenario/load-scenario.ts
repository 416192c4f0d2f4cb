import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { checkSchema } from '../config/check-schema.js'
import type { ClusterConfig } from '../config/cluster-config.js'
import {
  type ConfigFinding,
  type ConfigPath,
  type ConfigWarning,
  formatPath,
  type Locate,
  type Report,
  sortFindings,
} from '../config/config-error.js'
import { defaultConfig } from '../config/default-config.js'
import { parseDuration } from '../config/duration.js'
import { withoutExtensions } from '../config/extensions.js'
import { loadDocument } from '../config/load.js'
import type { SchemaNode } from '../config/schema-node.js'
import { readYaml } from '../config/yaml-source.js'
import { OPERATIONS } from '../operations/registry.js'
import { type Assertion, parseAssertion } from './assertion.js'
import { parseEventCommand } from './event-command.js'
import { MAX_DURATION_MS, MAX_REQUESTS } from './limits.js'
import { metricsOf } from './metrics.js'
import type { Load, Scenario, ScenarioEvent } from './scenario.js'
import type { ScenarioDocument } from './schema.js'
import { applySettings, type Setting } from './settings.js'

/** Published schema, made from schema.ts by scripts/file-schemas.mjs. */
const SCHEMA_FILE = new URL('../../schema/scenario.schema.json', import.meta.url)
const MAX_FINDINGS = 1_000

export type ScenarioResult =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly errors: readonly ConfigFinding[] }

/**
 * Loads a scenario with its cluster.
 *
 * @param text YAML (or JSON, which is YAML)
 * @param file name of the file in error messages; a cluster file is relative to it
 * @param settings settings of the command line, which override the file's
 * @returns the scenario, or all errors in the order of the file. Never throws because of the text.
 */
export async function loadScenario(
  text: string,
  file: string,
  settings: readonly Setting[] = [],
): Promise<ScenarioResult> {
  const source = readYaml(text, file)
  if (!source.ok) return source
  const applied = applySettings(source.value, settings)
  if (!applied.ok) return applied
  const locate: Locate = (path) => applied.locate(path) ?? source.locate(path)
  const errors: ConfigFinding[] = []
  const report: Report = (path, problem, remedy) => {
    if (errors.length < MAX_FINDINGS) errors.push({ ...locate(path), path: formatPath(path), problem, remedy })
  }
  const schema = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')) as SchemaNode
  checkSchema(withoutCluster(schema), applied.value, report)
  const value = applied.value as Record<string, unknown>
  const cluster = clusterOf(value?.cluster, file, locate)
  errors.push(...cluster.errors)
  if (errors.length > 0) return { ok: false, errors: sortFindings(errors) }
  const document = withoutExtensions(withoutCluster(schema), value) as ScenarioDocument
  const { config } = cluster
  if (config === undefined) return { ok: false, errors: sortFindings(errors) }
  const durationMs = time(document.duration ?? '10s', ['duration'], report)
  if (durationMs <= 0 || durationMs > MAX_DURATION_MS)
    report(['duration'], `is ${durationMs} ms`, `it must be from 1 ms to ${MAX_DURATION_MS / 60_000} min`)
  const loads = loadsOf(document, config, durationMs, report)
  const events = await eventsOf(document, durationMs, report)
  const assertions = assertionsOf(document, loads, report)
  if (errors.length > 0) return { ok: false, errors: sortFindings(errors) }
  const scenario = {
    name: document.name ?? basename(file).replace(/\.[^.]*$/, ''),
    description: document.description,
    seed: document.seed ?? 1,
    cluster: config,
    warnings: cluster.warnings,
    loads,
    durationMs,
    events,
    assertions,
  }
  return { ok: true, scenario }
}

/** Schema in which the cluster may be anything: it has a check of its own. */
function withoutCluster(schema: SchemaNode): SchemaNode {
  return { ...schema, properties: { ...schema.properties, cluster: { anyOf: ANY } } }
}

const ANY: readonly SchemaNode[] = [
  { type: 'object', additionalProperties: true, patternProperties: { '': {} } },
  { type: 'string', title: 'settings of a cluster, or the name of a cluster file' },
]

interface ClusterPart {
  readonly config: ClusterConfig | undefined
  readonly errors: readonly ConfigFinding[]
  readonly warnings: readonly ConfigWarning[]
}

function clusterOf(value: unknown, file: string, locate: Locate): ClusterPart {
  const result = clusterResult(value, file, locate)
  if (result === undefined) return { config: undefined, errors: [], warnings: [] } // the schema reports it
  return result.ok
    ? { config: result.config, errors: [], warnings: result.warnings }
    : { config: undefined, errors: result.errors, warnings: [] }
}

function clusterResult(value: unknown, file: string, locate: Locate) {
  if (value === undefined) return defaultConfig({ block: 'auto' })
  if (typeof value === 'string') return clusterFile(join(dirname(file), value), locate(['cluster']))
  if (!isMapping(value)) return undefined
  const result = loadDocument({ block: 'auto', ...value }, (path) => locate(['cluster', ...path]))
  const inside = (finding: ConfigFinding): ConfigFinding => ({
    ...finding,
    path: finding.path === '' ? 'cluster' : `cluster.${finding.path}`,
  })
  return result.ok
    ? { ...result, warnings: result.warnings.map(inside) }
    : { ...result, errors: result.errors.map(inside) }
}

/** A cluster of a scenario runs in a free block, unless its file names one. */
function clusterFile(file: string, at: Pick<ConfigFinding, 'file' | 'line' | 'column'>) {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const problem = `is '${file}', which can't be read: ${(error as Error).message}`
    return { ok: false, errors: [{ ...at, path: 'cluster', problem, remedy: 'name a cluster file' }] } as const
  }
  const source = readYaml(text, file)
  if (!source.ok) return source
  return loadDocument(isMapping(source.value) ? { block: 'auto', ...source.value } : source.value, source.locate)
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function loadsOf(document: ScenarioDocument, { vips }: ClusterConfig, durationMs: number, report: Report): Load[] {
  const tcp = vips.filter(({ protocol }) => protocol === 'tcp').map(({ name }) => name)
  const names = new Set<string>()
  return (document.load ?? [{}]).map((load, i): Load => {
    const vip = load.vip ?? tcp[0] ?? ''
    if (!tcp.includes(vip))
      report(
        ['load', i, 'vip'],
        load.vip === undefined ? 'is missing' : `'${vip}' is no TCP VIP`,
        `there is ${tcp.join(', ') || 'none'}`,
      )
    const name = load.name ?? (names.has(vip) ? `${vip}-${i + 1}` : vip)
    if (names.has(name)) report(['load', i, 'name'], `'${name}' is there twice`, 'give each load a name of its own')
    names.add(name)
    const ratePerSecond = load.rate ?? 100
    if ((ratePerSecond * durationMs) / 1000 > MAX_REQUESTS)
      report(
        ['load', i, 'rate'],
        `makes ${Math.round((ratePerSecond * durationMs) / 1000)} requests`,
        `at most ${MAX_REQUESTS} are kept: lower the rate or the duration`,
      )
    return {
      name,
      vip,
      ratePerSecond,
      connections: load.connections ?? 50,
      timeoutMs: time(load.timeout ?? '2s', ['load', i, 'timeout'], report),
      path: load.path ?? '/',
    }
  })
}

async function eventsOf(document: ScenarioDocument, durationMs: number, report: Report): Promise<ScenarioEvent[]> {
  const events: ScenarioEvent[] = []
  let lastAt = 0
  for (const [i, { at, when, after, do: command }] of (document.events ?? []).entries()) {
    const parsed = await parseEventCommand(command, OPERATIONS)
    if (!parsed.ok) report(['events', i, 'do'], `'${command}' ${parsed.problem}`, parsed.remedy)
    const atMs = at === undefined ? undefined : time(at, ['events', i, 'at'], report)
    if (at !== undefined && (when !== undefined || after !== undefined))
      report(['events', i, 'at'], 'has `when` or `after` beside it', 'give one of them')
    if (atMs !== undefined && atMs < lastAt)
      report(['events', i, 'at'], `is before the event above it`, 'order the events by time')
    if (atMs !== undefined && atMs > durationMs)
      report(['events', i, 'at'], `is after the end of the load`, 'lengthen `duration`, or let it happen earlier')
    if (at === undefined && when === undefined && after === undefined)
      report(['events', i], 'has no time', 'give it at, when or after')
    lastAt = Math.max(lastAt, atMs ?? 0)
    if (!parsed.ok) continue
    events.push({
      command,
      operation: parsed.operation,
      parameters: parsed.parameters,
      atMs,
      whenConverged: when !== undefined,
      afterMs: after === undefined ? 0 : time(after, ['events', i, 'after'], report),
    })
  }
  return events
}

function assertionsOf(document: ScenarioDocument, loads: readonly Load[], report: Report): Assertion[] {
  const metrics = metricsOf(loads.map(({ name }) => name))
  const names = [...metrics.keys()].filter((name) => loads.length > 1 || !name.startsWith('load.'))
  return (document.assert ?? []).flatMap((text, i) => {
    const parsed = parseAssertion(text, (name) => metrics.get(name)?.unit, names)
    if (parsed.ok) return [parsed.assertion]
    report(['assert', i], `'${text}' ${parsed.problem}`, parsed.remedy)
    return []
  })
}

function time(value: string | number, path: ConfigPath, report: Report): number {
  const ms = parseDuration(value)
  if (ms === undefined) report(path, `is ${value}`, 'it must be a duration with a unit, such as 200ms, 5s or 15m')
  return ms ?? 0
}
