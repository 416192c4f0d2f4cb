/**
 * Checks come up to this much earlier or later than their interval says, so that those of many LBs
 * do not fall together.
 */
const JITTER = 0.1
/** While in doubt a backend is checked this many times as often. */
const FAST_DIVISOR = 4
/** But not more often than this: a check is a connection, and its failure may be slow to show. */
const FAST_MIN_MS = 100

/** Intervals between checks of a backend, ms. */
export interface CheckTiming {
  readonly intervalMs: number
  /**
   * Interval while results contradict the current state, so that a change is confirmed sooner.
   * Default: {@link fastIntervalOf}.
   */
  readonly fastIntervalMs?: number
}

/**
 * The interval while in doubt, ms: if none is given, a quarter of the usual one, at least 100 ms,
 * and never longer than it.
 */
export function fastIntervalOf({ intervalMs, fastIntervalMs }: CheckTiming): number {
  return fastIntervalMs ?? Math.min(intervalMs, Math.max(intervalMs / FAST_DIVISOR, FAST_MIN_MS))
}

/**
 * When the first check of a backend starts: somewhere within one interval, so that those of many
 * backends are spread.
 * @param random uniform in [0, 1)
 */
export function firstCheckAt({ intervalMs }: CheckTiming, random: number, now: number): number {
  return now + random * intervalMs
}

/**
 * When a check starts again: one interval after its last start, give or take a tenth, but not
 * before it has ended.
 * @param startedAt when it last started, and @param now when it has ended, or the traffic has shown
 * a failure
 * @param inDoubt results speak against what is known
 * @param random uniform in [0, 1)
 */
export function nextCheckAt(
  timing: CheckTiming,
  startedAt: number,
  inDoubt: boolean,
  random: number,
  now: number,
): number {
  const interval = inDoubt ? fastIntervalOf(timing) : timing.intervalMs
  return Math.max(startedAt + interval * (1 - JITTER + 2 * JITTER * random), now)
}
