import { type Spread, spreadOf } from '../statistics.js'
import type { TimedBench } from './micro-bench.js'

/** Long enough for the compiler to be done with it. */
const WARM_UP_MS = 150
const ROUND_MS = 60

/** Nanoseconds per operation, over some rounds. */
export function time({ prepare }: TimedBench, rounds: number): Spread {
  const run = prepare()
  nanosecondsPerOperation(run, WARM_UP_MS)
  return spreadOf(Array.from({ length: rounds }, () => nanosecondsPerOperation(run, ROUND_MS)))
}

function nanosecondsPerOperation(run: () => number, forMs: number): number {
  const start = performance.now()
  let operations = 0
  let elapsedMs = 0
  while (elapsedMs < forMs) {
    operations += run()
    elapsedMs = performance.now() - start
  }
  return (elapsedMs * 1e6) / operations
}
