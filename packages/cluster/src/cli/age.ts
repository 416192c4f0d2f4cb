const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Renders a duration in its largest unit. @example age(90_000) // '1m' */
export function age(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)}s`
  return ms < HOUR ? `${Math.floor(ms / MINUTE)}m` : `${Math.floor(ms / HOUR)}h`
}
