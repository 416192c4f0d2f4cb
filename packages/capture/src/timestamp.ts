const TWO_POW_32 = 2 ** 32
const NS_PER_S = 1_000_000_000

/** Time of a capture, as pcapng has it: nanoseconds since 1970 in two unsigned 32-bit halves. */
export interface Timestamp {
  readonly high: number
  readonly low: number
}

/**
 * Returns a time in pcapng's form. Its 61 bits exceed a double, so the product of seconds is made
 * in two parts.
 *
 * @param seconds whole seconds since 1970, 0 to 2^33
 * @param nanoseconds 0 to 999,999,999
 */
export function timestamp(seconds: number, nanoseconds: number): Timestamp {
  const lower = (seconds % 65_536) * NS_PER_S + nanoseconds
  const upper = Math.floor(seconds / 65_536) * NS_PER_S
  const carried = (upper % 65_536) * 65_536 + lower
  return { high: Math.floor(upper / 65_536) + Math.floor(carried / TWO_POW_32), low: carried % TWO_POW_32 }
}

/**
 * Returns the time of a packet in pcapng's form.
 *
 * @param ms milliseconds since 1970, with fractions; a double resolves 0.25 µs there
 */
export function timestampOfMs(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000)
  const nanoseconds = Math.min(Math.round((ms - seconds * 1000) * 1_000_000), NS_PER_S - 1)
  return timestamp(seconds, nanoseconds)
}
