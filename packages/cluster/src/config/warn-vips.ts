import type { ClusterConfig } from './cluster-config.js'
import type { Report } from './config-error.js'
import type { ClusterDocument } from './schema.js'

/** Settings of checks that only HTTP checks have. */
const HTTP_SETTINGS = ['path', 'method', 'host', 'status'] as const

/** Warns of VIPs that their settings leave without a backend, or whose backends are not checked. */
export function warnOfVips({ vips }: ClusterConfig, document: ClusterDocument, warn: Report): void {
  vips.forEach(({ backends, weights, protocol, health }, i) => {
    const path = ['vips', i]
    if (backends.every((name) => weights[name] === 0))
      warn(
        [...path, 'weights'],
        'are all 0, so no backend gets a new flow',
        'raise the weight of a backend; a backend without an entry has weight 1',
      )
    const written = document.vips?.[i]?.health ?? {}
    for (const key of HTTP_SETTINGS)
      if (written[key] !== undefined && health.check !== null && health.check.type !== 'http')
        warn(
          [...path, 'health', key],
          `has no effect on a check of type ${health.check.type}`,
          `add 'check: http', or remove ${key}`,
        )
    if (health.panicThreshold > 0 && health.check === null)
      warn(
        [...path, 'health', 'panicThreshold'],
        'has no effect without health checks',
        "add 'check: tcp' or another check, or remove it",
      )
    const isIntended = document.checks === false || document.vips?.[i]?.health?.check === 'none'
    if (protocol === 'udp' && health.check === null && !isIntended)
      warn(
        path,
        'carries UDP, and its backends are not checked: one that has died keeps its share of the flows',
        "add 'health: {check: udp}' or another check, or 'health: {check: none}' if that is intended",
      )
  })
}
