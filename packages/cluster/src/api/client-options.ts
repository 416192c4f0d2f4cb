export interface RunOptions {
  /** Aborts a request, or the wait for further progress. */
  readonly signal?: AbortSignal
}
