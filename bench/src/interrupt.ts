const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Aborts when this process is asked to end: a bench then stops what it started and says what it
 * has. A second time nobody waits for that.
 */
export function interruption(): AbortSignal {
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return stop.signal
}
