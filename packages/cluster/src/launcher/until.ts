/** Source of changes that can be waited on. */
export interface Observable {
  /** Calls `observe` after each change, until the returned function is called. */
  subscribe(observe: () => void): () => void
}

export interface UntilOptions {
  /** Longest wait, ms. */
  readonly timeoutMs: number
  /** Ends the wait: the promise rejects with its reason. */
  readonly signal?: AbortSignal
  /**
   * Calls a function after a delay, ms, unless the returned function is called before. Default:
   * setTimeout.
   */
  readonly after?: (ms: number, call: () => void) => () => void
}

/**
 * Waits until a condition holds, which is evaluated now and after each change.
 *
 * @returns true when it holds, false after the timeout
 */
export function until(on: Observable, condition: () => boolean, options: UntilOptions): Promise<boolean> {
  const { timeoutMs, signal, after = realTime } = options
  if (signal?.aborted) return Promise.reject(signal.reason)
  if (condition()) return Promise.resolve(true)
  return new Promise((resolve, reject) => {
    const end = (): void => {
      unsubscribe()
      cancel()
      signal?.removeEventListener('abort', onAbort)
    }
    const finish = (holds: boolean): void => {
      end()
      resolve(holds)
    }
    const fail = (reason: unknown): void => {
      end()
      reject(reason)
    }
    const onAbort = (): void => fail(signal?.reason)
    const check = (): void => {
      try {
        if (condition()) finish(true)
      } catch (error) {
        fail(error)
      }
    }
    const unsubscribe = on.subscribe(check)
    const cancel = after(timeoutMs, () => finish(false))
    signal?.addEventListener('abort', onAbort)
  })
}

/** Keeps the timer from delaying the end of the launcher. */
function realTime(ms: number, call: () => void): () => void {
  const timer = setTimeout(call, ms).unref()
  return () => clearTimeout(timer)
}
