import { parse } from 'yaml'
import type { ConfigFinding, ConfigPath } from '../config/config-error.js'

/** Setting of the command line, as in `--set ecmp.selection=maglev`. */
export interface Setting {
  /** As its user wrote it. */
  readonly text: string
  readonly path: ConfigPath
  readonly value: unknown
}

type Place = Pick<ConfigFinding, 'file' | 'line' | 'column'>

export type AppliedSettings =
  | {
      readonly ok: true
      readonly value: unknown
      /** Place of a value that a setting gave; undefined: it is the file's. */
      readonly locate: (path: ConfigPath) => Place | undefined
    }
  | { readonly ok: false; readonly errors: readonly ConfigFinding[] }

/** Keys of a scenario; a path that begins with another key is a setting of its cluster. */
const SCENARIO_KEYS = ['name', 'description', 'seed', 'cluster', 'load', 'duration', 'events', 'assert']
const STEP = /^(?:[A-Za-z][A-Za-z0-9_-]*|[0-9]{1,4})$/
/** Keys that would reach beyond the document. */
const FORBIDDEN = ['__proto__', 'constructor', 'prototype']

/**
 * Parses `path=value`. The value is YAML, so `8` is a number. A path that begins with no key of a
 * scenario is one of its cluster: `ecmp.selection` is `cluster.ecmp.selection`.
 *
 * @returns undefined if the text has another form
 */
export function parseSetting(text: string): Setting | undefined {
  const equals = text.indexOf('=')
  if (equals <= 0) return undefined
  const steps = text
    .slice(0, equals)
    .split(/[.[\]]+/)
    .filter((step) => step !== '')
  if (steps.length === 0 || !steps.every((step) => STEP.test(step) && !FORBIDDEN.includes(step))) return undefined
  const whole = SCENARIO_KEYS.includes(steps[0]!) ? steps : ['cluster', ...steps]
  try {
    const path = whole.map((step) => (/^\d+$/.test(step) ? Number(step) : step))
    return { text, path, value: parse(text.slice(equals + 1)) as unknown }
  } catch {
    return undefined
  }
}

/** Applies settings to a document, each after the one before. The document is not changed. */
export function applySettings(document: unknown, settings: readonly Setting[]): AppliedSettings {
  let value = structuredClone(document)
  const errors: ConfigFinding[] = []
  for (const setting of settings) {
    const changed = withValue(value, setting.path, setting.value)
    if (changed === undefined)
      errors.push({
        ...placeOf(setting),
        path: '',
        problem: 'goes into a value that has no parts',
        remedy: 'name a setting that the file has, or one that may be there',
      })
    else value = changed
  }
  if (errors.length > 0) return { ok: false, errors }
  const locate = (path: ConfigPath): Place | undefined => {
    const setting = settings.findLast((candidate) => candidate.path.every((step, i) => step === path[i]))
    return setting && placeOf(setting)
  }
  return { ok: true, value, locate }
}

function placeOf({ text }: Setting): Place {
  return { file: `--set ${text}`, line: 0, column: 0 }
}

/** Returns a value with a part replaced; undefined: the path does not fit. */
function withValue(value: unknown, path: ConfigPath, part: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined) return part
  if (typeof step === 'number') {
    if (!Array.isArray(value) || step >= value.length) return undefined
    const inner = withValue(value[step], rest, part)
    return inner === undefined ? undefined : value.with(step, inner)
  }
  if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) return undefined
  const inner = withValue((value as Record<string, unknown> | undefined)?.[step], rest, part)
  return inner === undefined ? undefined : { ...value, [step]: inner }
}
