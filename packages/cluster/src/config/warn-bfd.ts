import type { BfdConfig, ClusterConfig } from './cluster-config.js'
import type { ConfigPath, Report } from './config-error.js'
import { BFD_DETECTION_TIME_WARN_MS } from './limits.js'
import type { ClusterDocument } from './schema.js'

/** Warns of detection times that a busy machine reaches, or that the hold timer precedes. */
export function warnOfBfd({ bfd, bgp }: ClusterConfig, _document: ClusterDocument, warn: Report): void {
  warnOf(bfd, bgp.holdTime, ['bfd'], warn)
  bgp.neighbors.forEach((neighbor, i) => {
    const isSame = neighbor.bfd?.intervalMs === bfd?.intervalMs && neighbor.bfd?.multiplier === bfd?.multiplier
    if (!isSame) warnOf(neighbor.bfd, neighbor.holdTime ?? bgp.holdTime, ['bgp', 'neighbors', i, 'bfd'], warn)
  })
}

/** @param holdTime s */
function warnOf(bfd: BfdConfig | null, holdTime: number, path: ConfigPath, warn: Report): void {
  if (bfd === null) return
  const detectionTimeMs = bfd.intervalMs * bfd.multiplier
  const times = `${bfd.multiplier} times ${bfd.intervalMs} ms is ${detectionTimeMs} ms`
  if (detectionTimeMs < BFD_DETECTION_TIME_WARN_MS)
    warn(
      path,
      times,
      `a process of a busy machine may be not scheduled for so long, which looks like a failure: choose ${BFD_DETECTION_TIME_WARN_MS} ms or more`,
    )
  if (holdTime > 0 && detectionTimeMs >= holdTime * 1_000)
    warn(path, times, `the hold time of ${holdTime} s is over before: choose less, or switch BFD off ('bfd: off')`)
}
