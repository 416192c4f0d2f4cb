/**
 * Reason why this machine could not open a socket for a flow. None of them says anything about the
 * destination.
 *
 * - `source-port`: another socket has the port, or the flow's four-tuple is still in use; another
 * port may do
 * - `descriptors`: the process or the machine has no file descriptor left
 * - `memory`: the kernel has no memory for sockets left
 */
export type LocalFailure = 'source-port' | 'descriptors' | 'memory'

const FAILURES: Readonly<Record<string, LocalFailure>> = {
  EADDRINUSE: 'source-port',
  EADDRNOTAVAIL: 'source-port',
  EMFILE: 'descriptors',
  ENFILE: 'descriptors',
  ENOBUFS: 'memory',
  ENOMEM: 'memory',
}

/**
 * Returns the local failure that an errno code stands for; undefined if the code is about the
 * destination.
 */
export function localFailureOf(code: string | undefined): LocalFailure | undefined {
  return code !== undefined && Object.hasOwn(FAILURES, code) ? FAILURES[code] : undefined
}

/** Flows and datagrams that local failures have cost, since the start. */
export interface LocalFailureCounters {
  /** The source port was in use on this machine. */
  sourcePortInUse: number
  /** EMFILE, ENFILE. */
  outOfDescriptors: number
  /** ENOBUFS, ENOMEM. */
  outOfMemory: number
}

export function newLocalFailureCounters(): LocalFailureCounters {
  return { sourcePortInUse: 0, outOfDescriptors: 0, outOfMemory: 0 }
}

export function countLocalFailure(counters: LocalFailureCounters, failure: LocalFailure, count = 1): void {
  if (failure === 'source-port') counters.sourcePortInUse += count
  else if (failure === 'descriptors') counters.outOfDescriptors += count
  else counters.outOfMemory += count
}
