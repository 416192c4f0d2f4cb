import type { ConfigError } from '../config/config-error.js'

/**
 * Ends a command with a message and an exit code for scripts: 1 for a failure, 2 for invalid usage.
 */
export class CliError extends Error {
  readonly exitCode: 1 | 2
  /** Errors of a configuration, for programs; empty if the error has another cause. */
  readonly errors: readonly ConfigError[]

  constructor(message: string, exitCode: 1 | 2 = 1, errors: readonly ConfigError[] = []) {
    super(message)
    this.exitCode = exitCode
    this.errors = errors
  }
}
