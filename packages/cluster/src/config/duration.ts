const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Pattern of a duration that is not 0, as in the schema. */
export const DURATION_PATTERN = '^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,3})?(ms|s|m|h)$'

/**
 * Parses a duration into milliseconds. Each has a unit (ms, s, m, h), except 0: a plain number is
 * refused, since some read it as seconds and others as milliseconds.
 * @returns undefined if the value is no duration
 * @example parseDuration('1.5s') // 1500
 * @example parseDuration(300) // undefined
 */
export function parseDuration(value: string | number): number | undefined {
  if (value === 0 || value === '0') return 0
  if (typeof value === 'number' || !new RegExp(DURATION_PATTERN).test(value)) return undefined
  const unit = /[a-z]+$/.exec(value)![0]
  return Math.round(Number.parseFloat(value) * UNIT_MS[unit]!)
}
