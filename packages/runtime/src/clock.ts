import { performance } from 'node:perf_hooks' // the global of that name is a getter, which costs as much as the call

/** Where I/O code takes its time from; pure code gets `now` as a parameter. */
export interface Clock {
  /** Milliseconds on a clock that never steps back; the zero is arbitrary. */
  now(): number
}

/** The process's monotonic clock. */
export const monotonicClock: Clock = { now: () => performance.now() }
