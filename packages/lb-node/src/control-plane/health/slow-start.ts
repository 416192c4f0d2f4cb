/**
 * Share of its weight that a backend begins with when it has recovered: enough to warm up, little
 * enough to hurt nobody.
 */
const FIRST_SHARE = 0.1
/**
 * From there in nine steps of a tenth each: every step makes policies rebuild their tables, so
 * there are few.
 */
const STEPS = 9
/** Times are floats; a step that is due by less than this is taken. */
const EPSILON = 1e-6

/**
 * The share of its weight that a backend is given, 0.1 to 1, growing from its recovery over the
 * duration.
 * @param healthySince when it became healthy, and @param now, ms on one clock
 * @param durationMs 0: all of it at once
 */
export function slowStartShare(healthySince: number, durationMs: number, now: number): number {
  const step = stepAt(healthySince, durationMs, now)
  return step === STEPS ? 1 : FIRST_SHARE + (step * (1 - FIRST_SHARE)) / STEPS
}

/** When {@link slowStartShare} changes next, ms; Infinity: it is 1. */
export function slowStartNextChange(healthySince: number, durationMs: number, now: number): number {
  const step = stepAt(healthySince, durationMs, now)
  return step === STEPS ? Number.POSITIVE_INFINITY : healthySince + ((step + 1) * durationMs) / STEPS
}

function stepAt(healthySince: number, durationMs: number, now: number): number {
  if (durationMs <= 0) return STEPS
  return Math.min(Math.max(Math.floor(((now - healthySince) / durationMs) * STEPS + EPSILON), 0), STEPS)
}
