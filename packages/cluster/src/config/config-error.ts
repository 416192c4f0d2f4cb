/** One mistake in a configuration. */
export interface ConfigError {
  /** Name of the file, or the option of the command line that said it. */
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

/** Steps from the root: keys and indexes. */
export type ConfigPath = readonly (string | number)[]

/** Tells where the value at a path was written. */
export type Locate = (path: ConfigPath) => Pick<ConfigError, 'file' | 'line' | 'column'>

/** Takes note of a mistake. */
export type Report = (path: ConfigPath, problem: string, remedy: string) => void

/** Outcome of loading a configuration: all mistakes at once, in the order of the file. */
export type ConfigResult<T> =
  | { readonly ok: true; readonly config: T }
  | { readonly ok: false; readonly errors: readonly ConfigError[] }

/** Writes a path as a user would. @example formatPath(['vips', 1, 'port']) // 'vips[1].port' */
export function formatPath(path: ConfigPath): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('')
}

/** One line: `cluster.yaml:7:12: vips[1].port is 99999: it must be a whole number from 1 to 65535`. */
export function formatConfigError({ file, line, column, path, problem, remedy }: ConfigError): string {
  const where = line === 0 ? file : `${file}:${line}:${column}`
  return `${where}: ${path === '' ? '' : `${path} `}${problem}: ${remedy}`
}

/** Orders mistakes as they stand in the file. */
export function sortConfigErrors(errors: readonly ConfigError[]): readonly ConfigError[] {
  return [...errors].sort((a, b) => a.line - b.line || a.column - b.column)
}
