import { readFileSync } from 'node:fs'

/** What is assumed where the system does not tell. */
const UNKNOWN_LIMIT = 4_096

/**
 * How many files a process may have open, from the text of /proc/<pid>/limits; undefined when it
 * does not tell.
 */
export function parseFileLimit(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)\s/m.exec(limits)?.[1]
  if (soft === undefined) return undefined
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}

/**
 * How many files this process may have open, and by default what it starts: Node raises its own
 * limit as far as it may.
 */
export function fileLimit(): number {
  try {
    return parseFileLimit(readFileSync('/proc/self/limits', 'utf8')) ?? UNKNOWN_LIMIT
  } catch {
    return UNKNOWN_LIMIT
  }
}
