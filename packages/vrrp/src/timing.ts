/**
 * Returns the extra time that a backup waits, ms. The higher its priority, the shorter it is, so
 * that the backup with the highest priority is first (RFC 9568 §6.1). Not rounded to centiseconds.
 *
 * @param priority 1 to 254
 * @param adverIntervalMs the Active router's interval
 * @example skewTimeMs(254, 1_000) // 7.8125
 */
export function skewTimeMs(priority: number, adverIntervalMs: number): number {
  return ((256 - priority) * adverIntervalMs) / 256
}

/**
 * Returns the time without advertisements after which a backup becomes Active, ms (RFC 9568 §6.1).
 * @example activeDownIntervalMs(100, 1_000) // 3609.375
 */
export function activeDownIntervalMs(priority: number, adverIntervalMs: number): number {
  return 3 * adverIntervalMs + skewTimeMs(priority, adverIntervalMs)
}
