const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** What a duration looks like, as the schema has it. */
export const DURATION_PATTERN = '^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,3})?(ms|s|m|h)$'

/**
 * A duration in milliseconds: a number is seconds, a text is a number with the unit ms, s, m or h.
 * @returns undefined when the text is no duration
 * @example parseDuration('1.5s') // 1500
 */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.round(value * 1_000) : undefined
  if (!new RegExp(DURATION_PATTERN).test(value)) return undefined
  const unit = /[a-z]+$/.exec(value)![0]
  return Math.round(Number.parseFloat(value) * UNIT_MS[unit]!)
}
