/** Number of healthy backends that a service needs: 1 or more, `high` at least `low`. */
export interface Watermark {
  /** With fewer the service goes down. */
  readonly low: number
  /** With as many it comes back. */
  readonly high: number
}

/**
 * Returns true if a service is up with `healthy` of `total` backends. A mark above `total` means
 * all of them: a service from which the operator has removed a backend is not down for that. A
 * service without any backend is down.
 */
export function isServiceUp(wasUp: boolean, healthy: number, total: number, { low, high }: Watermark): boolean {
  const needed = Math.min(wasUp ? low : high, total)
  return healthy >= Math.max(needed, 1)
}
