import type { BfdConfig, ClusterConfig } from './cluster-config.js'
import type { ConfigPath, Report } from './config-error.js'
import { BFD_INTERVAL_MAX_MS, BFD_INTERVAL_MIN_MS } from './limits.js'

/** Reports intervals of BFD that are out of range. */
export function checkBfd({ bfd, bgp }: ClusterConfig, report: Report): void {
  checkInterval(bfd, ['bfd'], report)
  bgp.neighbors.forEach((neighbor, i) => {
    // The cluster's own interval is reported once, where it is set.
    if (neighbor.bfd?.intervalMs !== bfd?.intervalMs)
      checkInterval(neighbor.bfd, ['bgp', 'neighbors', i, 'bfd'], report)
  })
}

function checkInterval(bfd: BfdConfig | null, path: ConfigPath, report: Report): void {
  if (bfd === null) return
  const { intervalMs } = bfd
  if (intervalMs >= BFD_INTERVAL_MIN_MS && intervalMs <= BFD_INTERVAL_MAX_MS) return
  report(
    [...path, 'interval'],
    `is ${intervalMs} ms`,
    `it must be from ${BFD_INTERVAL_MIN_MS}ms to ${BFD_INTERVAL_MAX_MS / 1_000}s`,
  )
}
