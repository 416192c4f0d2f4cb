import { performance } from 'node:perf_hooks' // the global of that name is a getter, which costs as much as the call

/** Source of time for code with I/O; pure code gets `now` as a parameter. */
export interface Clock {
  /** Milliseconds on a clock that never steps back; the zero is arbitrary. */
  now(): number
}

/** The process's monotonic clock. */
export const monotonicClock: Clock = { now: () => performance.now() }

/** A clock with timers. Tests pass one on virtual time. */
export interface Timers extends Clock {
  /** Calls a function after a delay, ms, unless the returned function is called before. */
  after(ms: number, call: () => void): () => void
}

/** Timers of this process. */
export const realTimers: Timers = {
  now: monotonicClock.now,
  after(ms, call) {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}
