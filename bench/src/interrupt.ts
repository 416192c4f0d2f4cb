const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Returns a signal that aborts on SIGINT or SIGTERM: a bench then stops its processes and prints
 * its results. A second signal ends the process at once.
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
