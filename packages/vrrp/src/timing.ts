/**
 * How much longer than the others a backup waits, ms: the less, the higher its priority, so that
 * the best one is first (RFC 9568 §6.1). Not rounded to centiseconds.
 *
 * @param priority 1 to 254
 * @param adverIntervalMs the Active router's
 * @example skewTimeMs(254, 1_000) // 7.8125
 */
export function skewTimeMs(priority: number, adverIntervalMs: number): number {
  return ((256 - priority) * adverIntervalMs) / 256
}

/**
 * How long the Active router may be silent before a backup takes its place, ms (RFC 9568 §6.1).
 * @example activeDownIntervalMs(100, 1_000) // 3609.375
 */
export function activeDownIntervalMs(priority: number, adverIntervalMs: number): number {
  return 3 * adverIntervalMs + skewTimeMs(priority, adverIntervalMs)
}
