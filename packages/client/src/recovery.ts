import { type Quantiles, quantilesOf } from './quantiles.js'

/** Outcome of one request of a connection. Times in ms. */
export interface ConnectionOutcome {
  /** Number of the connection. */
  readonly connection: number
  readonly dueMs: number
  /** Time of its end. */
  readonly endMs: number
  readonly isCompleted: boolean
}

/** Period in which a connection completed nothing. */
export interface Recovery {
  readonly connection: number
  /** Time at which the first request that failed was due, ms. */
  readonly failedMs: number
  /** Requests that failed in it. */
  readonly failed: number
  /** Time until the next request was completed, ms; null: none was. */
  readonly tookMs: number | null
}

/** Recoveries of all connections. */
export interface RecoverySummary {
  /** Connections that had a failure. */
  readonly connections: number
  /** Periods that ended with a completed request. */
  readonly recovered: number
  /** Connections whose last request failed. */
  readonly unrecovered: number
  /** From the first failure to the next success, ms, of those that ended. */
  readonly took: Quantiles
}

/**
 * Returns the recoveries of connections, in the order of their first failures. Requests count in
 * the order in which they were due: a recovery takes from the moment at which the first failed one
 * was due to the end of the next completed one.
 * @param outcomes in any order
 */
export function recoveriesOf(outcomes: Iterable<ConnectionOutcome>): Recovery[] {
  const recoveries: Recovery[] = []
  const open = new Map<number, { failedMs: number; failed: number }>()
  for (const { connection, dueMs, endMs, isCompleted } of [...outcomes].sort((a, b) => a.dueMs - b.dueMs)) {
    const failing = open.get(connection)
    if (!isCompleted) {
      if (failing === undefined) open.set(connection, { failedMs: dueMs, failed: 1 })
      else failing.failed++
    } else if (failing !== undefined) {
      open.delete(connection)
      recoveries.push({ connection, ...failing, tookMs: endMs - failing.failedMs })
    }
  }
  for (const [connection, failing] of open) recoveries.push({ connection, ...failing, tookMs: null })
  return recoveries.sort((a, b) => a.failedMs - b.failedMs || a.connection - b.connection)
}

export function summarizeRecoveries(recoveries: readonly Recovery[]): RecoverySummary {
  const took = recoveries.flatMap(({ tookMs }) => tookMs ?? [])
  return {
    connections: new Set(recoveries.map(({ connection }) => connection)).size,
    recovered: took.length,
    unrecovered: recoveries.length - took.length,
    took: quantilesOf(Float64Array.from(took)),
  }
}

/** Recovery of one client: all connections from its address. */
export interface ClientRecovery {
  /** Source address. */
  readonly client: string
  /** Its connections that had a failure. */
  readonly connections: number
  readonly failed: number
  /** Time at which the first request that failed was due, ms. */
  readonly failedMs: number
  /**
   * Longest time without a recovery of all its connections, ms; null: one of them did not recover.
   */
  readonly tookMs: number | null
}

/**
 * Joins recoveries per client, in the order of their first failures. A client has recovered when
 * each of its connections has; recoveries that overlap are one.
 * @param clientOf source address of a connection
 */
export function recoveriesPerClient(
  recoveries: readonly Recovery[],
  clientOf: (connection: number) => string,
): ClientRecovery[] {
  const perClient = new Map<string, Recovery[]>()
  for (const recovery of recoveries) {
    const client = clientOf(recovery.connection)
    const list = perClient.get(client)
    if (list === undefined) perClient.set(client, [recovery])
    else list.push(recovery)
  }
  return [...perClient].map(([client, list]) => ({
    client,
    connections: new Set(list.map(({ connection }) => connection)).size,
    failed: list.reduce((sum, { failed }) => sum + failed, 0),
    failedMs: list[0]!.failedMs,
    tookMs: longest(list),
  }))
}

/** @param recoveries in the order of their first failures, at least one */
function longest(recoveries: readonly Recovery[]): number | null {
  let from = 0
  let to = Number.NEGATIVE_INFINITY
  let max = 0
  for (const { failedMs, tookMs } of recoveries) {
    if (tookMs === null) return null
    if (failedMs > to) from = failedMs
    to = Math.max(to, failedMs + tookMs)
    max = Math.max(max, to - from)
  }
  return max
}
