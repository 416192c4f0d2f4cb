/** Resources that a process holds at one moment. */
export interface ProcessResources {
  /** Resident set, bytes. */
  readonly rssBytes: number
  /** Used part of V8's heap, bytes; it includes garbage that is not collected yet. */
  readonly heapUsedBytes: number
  /** Timers that are armed and keep the process alive. */
  readonly timers: number
  /** Handles of other kinds that keep it alive: sockets, listeners, pipes. */
  readonly handles: number
}

/** Reads the resources of this process; some microseconds of work. */
export function processResources(): ProcessResources {
  const { rss, heapUsed } = process.memoryUsage()
  let timers = 0
  const active = process.getActiveResourcesInfo()
  for (const kind of active) if (kind === 'Timeout') timers++
  return { rssBytes: rss, heapUsedBytes: heapUsed, timers, handles: active.length - timers }
}
