import type { ConfigError } from '../config/config-error.js'

/** Ends a command with a message and an exit code that scripts can use: 1 it failed, 2 its usage is invalid. */
export class CliError extends Error {
  readonly exitCode: 1 | 2
  /** Errors of a configuration, for programs; empty if it is not about one. */
  readonly errors: readonly ConfigError[]

  constructor(message: string, exitCode: 1 | 2 = 1, errors: readonly ConfigError[] = []) {
    super(message)
    this.exitCode = exitCode
    this.errors = errors
  }
}
