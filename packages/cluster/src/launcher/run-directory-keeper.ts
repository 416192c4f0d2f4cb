import type { Happening } from './events/event.js'
import type { RunDirectory } from './run-directory.js'

/** Time between two looks at the run directory, ms. */
const STEP_MS = 1_000

/**
 * Restores the files of the run directory if they have been removed: roles read their
 * configurations when they are started again, and commands find the cluster by its record.
 */
export class RunDirectoryKeeper {
  readonly #directory: RunDirectory
  readonly #onHappening: (happening: Happening) => void
  #timer: NodeJS.Timeout | undefined
  /** Reason why the files can't be written again; undefined: they are there. */
  #error: string | undefined

  /** @param onHappening receives what was restored, and each new reason why it can't be */
  constructor(directory: RunDirectory, onHappening: (happening: Happening) => void) {
    this.#directory = directory
    this.#onHappening = onHappening
  }

  start(): void {
    this.#timer = setInterval(() => this.restore(), STEP_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Restores what is missing now. */
  restore(): void {
    const { path } = this.#directory
    try {
      if (this.#directory.restore()) this.#onHappening({ kind: 'files.removed', directory: path, error: null })
      this.#error = undefined
    } catch (error) {
      const { message } = error as Error
      if (message !== this.#error) this.#onHappening({ kind: 'files.removed', directory: path, error: message })
      this.#error = message
    }
  }
}
