/** One place in a configuration that is invalid, or valid and probably not meant. */
export interface ConfigFinding {
  /** Name of the file, or the option of the command line that set the value. */
  readonly file: string
  /** From 1; 0: there is no such place, as in a command line. */
  readonly line: number
  readonly column: number
  /** As in `vips[1].port`; empty: the whole. */
  readonly path: string
  /** What is wrong, as in `is 99999`. */
  readonly problem: string
  /** What to do about it. */
  readonly remedy: string
}

/** A reason why a configuration can't be used. */
export type ConfigError = ConfigFinding

/** A doubt about a configuration that can be used. */
export type ConfigWarning = ConfigFinding

/** Steps from the root: keys and indexes. */
export type ConfigPath = readonly (string | number)[]

/** Returns the place of the value at a path. */
export type Locate = (path: ConfigPath) => Pick<ConfigFinding, 'file' | 'line' | 'column'>

/** Records a finding. */
export type Report = (path: ConfigPath, problem: string, remedy: string) => void

/** Outcome of loading a configuration: all errors at once, or all warnings, in the order of the file. */
export type ConfigResult<T> =
  | { readonly ok: true; readonly config: T; readonly warnings: readonly ConfigWarning[] }
  | { readonly ok: false; readonly errors: readonly ConfigError[] }

/** Writes a path as a user would. @example formatPath(['vips', 1, 'port']) // 'vips[1].port' */
export function formatPath(path: ConfigPath): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('')
}

/** One line: `cluster.yaml:7:12: vips[1].port is 99999: it must be a whole number from 1 to 65535`. */
export function formatConfigError({ file, line, column, path, problem, remedy }: ConfigFinding): string {
  const where = line === 0 ? file : `${file}:${line}:${column}`
  return `${where}: ${path === '' ? '' : `${path} `}${problem}: ${remedy}`
}

/** The same line, marked: `warning: cluster.yaml:7:12: ...`. */
export function formatConfigWarning(warning: ConfigWarning): string {
  return `warning: ${formatConfigError(warning)}`
}

/** Orders findings by their place in the file. */
export function sortFindings(findings: readonly ConfigFinding[]): readonly ConfigFinding[] {
  return [...findings].sort((a, b) => a.line - b.line || a.column - b.column)
}
