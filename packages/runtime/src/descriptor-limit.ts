import { readFileSync } from 'node:fs'

/**
 * Number of file descriptors that this process may have open at once; Infinity if nothing limits
 * it, or if the limit is not known. Node.js raises the soft limit to the hard one at its start.
 *
 * @param limits text of /proc/self/limits
 */
export function descriptorLimit(limits: string | undefined = readLimits()): number {
  const soft = limits === undefined ? undefined : /^Max open files\s+(\d+)/m.exec(limits)?.[1]
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
}

function readLimits(): string | undefined {
  try {
    return readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return undefined // not Linux
  }
}
