import { type Spread, spreadOf } from '../statistics.js'
import type { Operations, TimedBench } from './micro-bench.js'

/** Warm-up, long enough for the compiler to finish. */
const WARM_UP_MS = 150
const ROUND_MS = 60

/** Returns the nanoseconds per operation of each round. */
export function time({ prepare }: TimedBench, rounds: number): Spread {
  const operations = prepare()
  nanosecondsPerOperation(operations, WARM_UP_MS)
  return spreadOf(Array.from({ length: rounds }, () => nanosecondsPerOperation(operations, ROUND_MS)))
}

function nanosecondsPerOperation(of: Operations, forMs: number): number {
  const { run, refresh } = typeof of === 'function' ? { run: of, refresh: undefined } : of
  let operations = 0
  let elapsedMs = 0
  while (elapsedMs < forMs) {
    refresh?.()
    const start = performance.now()
    operations += run()
    elapsedMs += performance.now() - start
  }
  return (elapsedMs * 1e6) / operations
}
