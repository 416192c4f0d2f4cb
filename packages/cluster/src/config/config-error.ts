/** Place in a configuration that is invalid, or valid and probably not meant. */
export interface ConfigFinding {
  /** Name of the file, or of the option of the command line that set the value. */
  readonly file: string
  /** Line, from 1; 0 if there is none, as on a command line. */
  readonly line: number
  readonly column: number
  /** Path, as in `vips[1].port`; empty: the whole configuration. */
  readonly path: string
  /** Description of the problem, as in `is 99999`. */
  readonly problem: string
  /** Remedy. */
  readonly remedy: string
}

/** Reason why a configuration can't be used. */
export type ConfigError = ConfigFinding

/** Doubt about a configuration that can be used. */
export type ConfigWarning = ConfigFinding

/** Steps from the root: keys and indexes. */
export type ConfigPath = readonly (string | number)[]

/** Returns the place of the value at a path. */
export type Locate = (path: ConfigPath) => Pick<ConfigFinding, 'file' | 'line' | 'column'>

/** Records a finding. */
export type Report = (path: ConfigPath, problem: string, remedy: string) => void

/** Outcome of loading a configuration: all errors, or all warnings, in the order of the file. */
export type ConfigResult<T> =
  | { readonly ok: true; readonly config: T; readonly warnings: readonly ConfigWarning[] }
  | { readonly ok: false; readonly errors: readonly ConfigError[] }

/** Formats a path as users write it. @example formatPath(['vips', 1, 'port']) // 'vips[1].port' */
export function formatPath(path: ConfigPath): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('')
}

/**
 * Formats an error in one line: `cluster.yaml:7:12: vips[1].port is 99999: it must be a whole
 * number from 1 to 65535`.
 */
export function formatConfigError({ file, line, column, path, problem, remedy }: ConfigFinding): string {
  const where = line === 0 ? file : `${file}:${line}:${column}`
  return `${where}: ${path === '' ? '' : `${path} `}${problem}: ${remedy}`
}

/** Formats a warning in the same way, with a mark: `warning: cluster.yaml:7:12: ...`. */
export function formatConfigWarning(warning: ConfigWarning): string {
  return `warning: ${formatConfigError(warning)}`
}

/** Orders findings by their place in the file. */
export function sortFindings(findings: readonly ConfigFinding[]): readonly ConfigFinding[] {
  return [...findings].sort((a, b) => a.line - b.line || a.column - b.column)
}
