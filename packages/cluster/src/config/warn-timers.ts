import type { ClusterConfig } from './cluster-config.js'
import type { Report } from './config-error.js'
import { edgeTimers } from './edge-timers.js'
import type { ClusterDocument } from './schema.js'

/** Warns of timers that end or rehash flows although their path works. */
export function warnOfTimers(config: ClusterConfig, document: ClusterDocument, warn: Report): void {
  const { bgp, ecmp, edge } = config
  const holdTimeMs = bgp.holdTime * 1_000
  const { deadPeerMs } = edgeTimers(config)
  if (deadPeerMs !== null && deadPeerMs <= holdTimeMs)
    warn(
      ['edge', 'keepAlive'],
      `ends a flow after ${seconds(deadPeerMs)} of silence, before the hold time of ${seconds(holdTimeMs)} is over`,
      'a stall that the routing sessions survive would end flows: choose at least bgp.holdTime, or remove it',
    )
  if (edge.keepAliveMs !== null) warnOfSessions(config, edge.keepAliveMs, warn)
  if (ecmp.selection === 'resilient' && document.ecmp?.idleTimer !== undefined && ecmp.idleTimerMs <= holdTimeMs)
    warn(
      ['ecmp', 'idleTimer'],
      `is ${seconds(ecmp.idleTimerMs)}, and the hold time is ${seconds(holdTimeMs)}`,
      'in a stall that flows survive every bucket looks idle, and moving it breaks them: choose more than bgp.holdTime',
    )
}

function warnOfSessions({ lbSettings, overrides }: ClusterConfig, keepAliveMs: number, warn: Report): void {
  const all = [{ path: [] as string[], nat: lbSettings.nat }]
  for (const [lb, { nat }] of Object.entries(overrides)) all.push({ path: ['overrides', lb], nat })
  const first = all.find(({ nat }) => nat.timeouts.establishedMs <= keepAliveMs)
  if (first === undefined) return
  const established = seconds(first.nat.timeouts.establishedMs)
  warn(
    [...first.path, 'nat', 'timeouts', 'established'],
    `is ${established}, and an idle flow is first probed after ${seconds(keepAliveMs)}: its session is gone by then`,
    "raise it above edge.keepAlive, or set 'edge: {keepAlive: 0}' if idle sessions are to end",
  )
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`
}
