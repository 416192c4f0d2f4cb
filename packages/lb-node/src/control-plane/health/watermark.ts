/** How many healthy backends a service needs; 1 to any number, `high` at least `low`. */
export interface Watermark {
  /** With fewer the service goes down. */
  readonly low: number
  /** With as many it comes back. */
  readonly high: number
}

/**
 * Whether a service is up with `healthy` of `total` backends. A mark above `total` means all of them: a service that has
 * lost a backend to its operator, and not to a failure, is not down for that. Without any backend it is.
 */
export function isServiceUp(wasUp: boolean, healthy: number, total: number, { low, high }: Watermark): boolean {
  const needed = Math.min(wasUp ? low : high, total)
  return healthy >= Math.max(needed, 1)
}
