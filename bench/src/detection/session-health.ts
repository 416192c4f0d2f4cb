import type { ClusterOperations } from '@fivetuple/cluster'

type Status = Awaited<ReturnType<ClusterOperations['status']>>

/** Sums over the BFD sessions at both ends of all links. */
export interface BfdHealth {
  /** Failures that BFD has found. */
  readonly downs: number
  /** Delays of a process that would have looked like a failure. */
  readonly excusedLags: number
  /** Delays of a process of 20 ms or more. */
  readonly lags: number
  readonly longestLagMs: number
  /** Reasons of the last failures, per session. */
  readonly reasons: readonly string[]
}

export function healthOf({ switches, lbs }: Status): BfdHealth {
  const nodes = [...Object.values(switches), ...Object.values(lbs)]
  const sessions = nodes.flatMap(({ name, bfd }) => bfd.sessions.map((session) => ({ name, ...session })))
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
  return {
    downs: sum(sessions.map(({ downs }) => downs)),
    excusedLags: sum(sessions.map(({ excusedLags }) => excusedLags)),
    lags: sum(nodes.map(({ bfd }) => bfd.lags)),
    longestLagMs: Math.max(0, ...nodes.map(({ bfd }) => bfd.longestLagMs)),
    reasons: sessions.flatMap(({ name, neighbor, lastDown }) =>
      lastDown === null ? [] : [`${name} to ${neighbor}: ${lastDown.reason}`],
    ),
  }
}
