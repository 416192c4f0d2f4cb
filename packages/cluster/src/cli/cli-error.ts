/** Ends a command with a message and an exit code that scripts can use: 1 it failed, 2 it was asked wrongly. */
export class CliError extends Error {
  readonly exitCode: 1 | 2
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
