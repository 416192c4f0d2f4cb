import type { ClusterConfig } from './cluster-config.js'

/**
 * Probes without a response that end a flow, and their interval: the defaults of the TCP of the
 * edges.
 */
const PROBES = 3
const PROBE_INTERVAL_MS = 1_000
/**
 * Longest time between two retransmissions: a segment that is dropped in a stall is sent again
 * after it.
 */
const RTO_MAX_MS = 5_000
/** Earliest time after which unacknowledged data end a flow. */
const USER_TIMEOUT_MIN_MS = 10_000
/**
 * A half-closed flow is first probed when all LBs have deleted its session: earlier probes would
 * keep the session alive.
 */
const CLOSING_MARGIN_MS = 5_000

/** Timers of the TCP of the edges that follow from other settings. */
export interface EdgeTimers {
  /** Time without a segment after which a flow ends, ms; null: there is no keep-alive. */
  readonly deadPeerMs: number | null
  readonly halfClosedKeepAliveMs: number
  readonly userTimeoutMs: number
}

/** Derives the timers of the edges from the hold time and from the timeouts of NAT sessions. */
export function edgeTimers({ edge, bgp, lbSettings, overrides }: ClusterConfig): EdgeTimers {
  const closing = [lbSettings, ...Object.values(overrides)].map(({ nat }) => nat.timeouts.closingMs)
  return {
    deadPeerMs: edge.keepAliveMs === null ? null : edge.keepAliveMs + PROBES * PROBE_INTERVAL_MS,
    halfClosedKeepAliveMs: Math.max(...closing) + CLOSING_MARGIN_MS,
    userTimeoutMs: Math.max(USER_TIMEOUT_MIN_MS, bgp.holdTime * 1_000 + RTO_MAX_MS),
  }
}
