import { readFileSync } from 'node:fs'

/**
 * USER_HZ: Linux counts CPU time for user space in ticks of 10 ms on every architecture that Node
 * runs on.
 */
const TICKS_PER_SECOND = 100

/** Resources that some processes have used. */
export interface Usage {
  /** CPU seconds since they started, user and system. */
  readonly cpuSeconds: number
  readonly rssBytes: number
}

/** Parses CPU seconds from the text of /proc/<pid>/stat; undefined if it is invalid. */
export function parseCpuSeconds(stat: string): number | undefined {
  // The second field is the program's name in parentheses, which may hold spaces and parentheses
  // itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return Number.isFinite(ticks) ? ticks / TICKS_PER_SECOND : undefined
}

/** Parses resident bytes from the text of /proc/<pid>/status; undefined if they are missing. */
export function parseRssBytes(status: string): number | undefined {
  const kilobytes = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

/** Returns the live processes that a process has forked; none without /proc. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** Sums the usage of some processes. Undefined without /proc, or if one of them has ended. */
export function usageOf(pids: readonly number[]): Usage | undefined {
  let cpuSeconds = 0
  let rssBytes = 0
  for (const pid of pids) {
    try {
      cpuSeconds += parseCpuSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? Number.NaN
      rssBytes += parseRssBytes(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? Number.NaN
    } catch {
      return undefined
    }
  }
  return Number.isFinite(cpuSeconds + rssBytes) ? { cpuSeconds, rssBytes } : undefined
}
