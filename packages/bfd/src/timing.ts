/** Shortest Desired Min TX Interval of a session that is not Up, ms (RFC 5880 §6.8.3). */
export const SLOW_TX_MS = 1_000
/** Microseconds, the unit on the wire, per millisecond. */
export const US_PER_MS = 1_000

/** Share of the interval that jitter leaves at least (RFC 5880 §6.8.7). */
const JITTER_SHARE_MIN = 0.75
/** Share that it leaves at most if one missing packet is a failure. */
const JITTER_SHARE_MAX_SINGLE = 0.9

/**
 * Returns the time to the next periodic packet, ms: 75 to 100 % of the interval, or 75 to 90 % if
 * the detect multiplier is 1 (RFC 5880 §6.8.7).
 *
 * @param chance uniform in [0, 1)
 * @example jitteredIntervalMs(300, 3, 0) // 300
 */
export function jitteredIntervalMs(intervalMs: number, detectMultiplier: number, chance: number): number {
  const most = detectMultiplier === 1 ? JITTER_SHARE_MAX_SINGLE : 1
  return intervalMs * (most - chance * (most - JITTER_SHARE_MIN))
}

/**
 * Returns the time without packets after which the path has failed, ms (RFC 5880 §6.8.4,
 * asynchronous mode).
 *
 * @param remoteMultiplier detect multiplier of the peer's last packet
 * @param requiredMinRxMs own interval
 * @param remoteDesiredMinTxMs interval of the peer's last packet
 * @example detectionTimeMs(3, 300, 100) // 900
 */
export function detectionTimeMs(
  remoteMultiplier: number,
  requiredMinRxMs: number,
  remoteDesiredMinTxMs: number,
): number {
  return remoteMultiplier * Math.max(requiredMinRxMs, remoteDesiredMinTxMs)
}

/**
 * Returns the interval between periodic packets before jitter, ms; Infinity if the peer wants none
 * (RFC 5880 §6.8.7).
 */
export function transmitIntervalMs(desiredMinTxMs: number, remoteMinRxMs: number): number {
  return remoteMinRxMs === 0 ? Number.POSITIVE_INFINITY : Math.max(desiredMinTxMs, remoteMinRxMs)
}
