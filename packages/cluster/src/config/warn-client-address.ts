import type { ClusterConfig, VipConfig } from './cluster-config.js'
import type { Report } from './config-error.js'
import type { ClusterDocument } from './schema.js'

/**
 * Warns of a client address that can't be passed to the backend, and of PROXY headers in
 * connections of a VIP that does not request them.
 */
export function warnOfClientAddress({ vips }: ClusterConfig, _document: ClusterDocument, warn: Report): void {
  vips.forEach((vip, i) => {
    if (vip.protocol === 'udp') {
      if (vip.clientAddress !== 'none')
        warn(
          ['vips', i, 'clientAddress'],
          'has no effect: UDP has neither options nor a connection that could begin with a header',
          'remove it; backends of UDP VIPs see the addresses of the LBs',
        )
      return
    }
    if (isProxied(vip)) return
    const other = vips.find((other) => isProxied(other) && sharedBackend(vip, other) !== undefined)
    if (other === undefined) return
    const backend = sharedBackend(vip, other)
    warn(
      ['vips', i],
      `shares '${backend}' with '${other.name}', so its connections to it begin with a PROXY header, too`,
      `add 'clientAddress: proxy-v2' here, or give '${other.name}' backends with a port of their own`,
    )
  })
}

/**
 * True if connections to the VIP's backends begin with a PROXY header. It depends on the endpoint
 * of the backend, not on the VIP.
 */
function isProxied({ protocol, clientAddress }: VipConfig): boolean {
  return protocol === 'tcp' && clientAddress === 'proxy-v2'
}

function sharedBackend(vip: VipConfig, other: VipConfig): string | undefined {
  return vip.backends.find((name) => other.backends.includes(name))
}
