import { readFileSync } from 'node:fs'

/** Limit that is assumed if the system does not report one. */
const UNKNOWN_LIMIT = 4_096

/**
 * Parses the limit of open files from the text of /proc/<pid>/limits; undefined if it is missing.
 */
export function parseFileLimit(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)\s/m.exec(limits)?.[1]
  if (soft === undefined) return undefined
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}

/**
 * Returns the limit of open files of this process, and by default of its children: Node.js raises
 * its own limit as far as possible.
 */
export function fileLimit(): number {
  try {
    return parseFileLimit(readFileSync('/proc/self/limits', 'utf8')) ?? UNKNOWN_LIMIT
  } catch {
    return UNKNOWN_LIMIT
  }
}
