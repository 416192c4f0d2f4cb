/** Lowest and highest HTTP status, inclusive. */
export type StatusRange = readonly [low: number, high: number]

/**
 * Any status but an error. A redirect is not followed: it may lead to where the LB cannot connect.
 */
export const DEFAULT_STATUS_RANGES: readonly StatusRange[] = [[200, 399]]

/** Returns true if one of the ranges contains the status. */
export function isInRanges(status: number, ranges: readonly StatusRange[]): boolean {
  return ranges.some(([low, high]) => status >= low && status <= high)
}

/**
 * Formats ranges as configurations write them. @example formatRanges([[200, 299], [401, 401]]) //
 * '200-299, 401'
 */
export function formatRanges(ranges: readonly StatusRange[]): string {
  return ranges.map(([low, high]) => (low === high ? `${low}` : `${low}-${high}`)).join(', ')
}
