/** Progress of the drain of an LB or a backend. */
interface DrainState {
  readonly draining: boolean
  readonly sessions: number
}

export interface DrainWaitOptions<S> {
  readonly read: () => Promise<S>
  /** Longest wait, ms. */
  readonly deadlineMs: number
  /** Aborts when the client goes away: the wait ends, the drain does not. */
  readonly signal: AbortSignal
  /** Resolves after a time, ms, or at once when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** ms */
  readonly now: () => number
}

/** Interval between two counts of the sessions, ms. */
export const DRAIN_STEP_MS = 250

/**
 * Waits until a drain has no sessions left, its deadline passes, it is undone, or the client is
 * gone. Yields each state whose number of sessions differs from the one before.
 * @returns the last state
 */
export async function* waitForDrain<S extends DrainState>(
  first: S,
  { read, deadlineMs, signal, sleep, now }: DrainWaitOptions<S>,
): AsyncGenerator<S & { elapsedMs: number }, S & { elapsedMs: number }, undefined> {
  const startedAt = now()
  const elapsedMs = (): number => Math.round(now() - startedAt)
  let state = first
  while (state.draining && state.sessions > 0 && elapsedMs() < deadlineMs && !signal.aborted) {
    yield { ...state, elapsedMs: elapsedMs() }
    const { sessions } = state
    do {
      await sleep(Math.min(DRAIN_STEP_MS, Math.max(1, deadlineMs - elapsedMs())), signal)
      if (signal.aborted) break
      state = await read()
    } while (state.draining && state.sessions === sessions && elapsedMs() < deadlineMs)
  }
  return { ...state, elapsedMs: elapsedMs() }
}
