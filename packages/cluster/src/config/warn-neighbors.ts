import { parsePrefix, prefixCovers } from '@fivetuple/packet'
import { AddressPlan } from '../plan/address-plan.js'
import { parseBlock } from '../plan/block.js'
import type { ClusterConfig } from './cluster-config.js'
import type { Report } from './config-error.js'
import { isLoopback } from './loopback.js'
import type { ClusterDocument } from './schema.js'

/** Addresses of the cluster that no neighbour should announce, with their names. */
interface OwnRange {
  readonly name: string
  /** CIDR */
  readonly prefix: string
}

/**
 * Warns of external neighbours that may announce prefixes of the cluster, or that get a next hop
 * which they refuse.
 */
export function warnOfNeighbors(config: ClusterConfig, _document: ClusterDocument, warn: Report): void {
  const ranges = ownRanges(config)
  config.bgp.neighbors.forEach(({ allowedPrefixes, export: routes, nextHop }, i) => {
    const path = ['bgp', 'neighbors', i]
    allowedPrefixes.forEach((text, k) => {
      const met = ranges.filter(({ prefix }) => overlap(text, prefix))
      if (met.length === 0) return
      const [first] = met
      const others = met.length > 1 ? ` and ${met.length - 1} more of the cluster's prefixes` : ''
      warn(
        [...path, 'allowedPrefixes', k],
        `${text} overlaps ${first!.name} (${first!.prefix})${others}`,
        'nothing is forwarded to an external neighbour, and its routes are used by nobody while LBs announce the same: allow only prefixes that lie behind it',
      )
    })
    if (routes.length > 0 && (nextHop === null || isLoopback(nextHop)))
      warn(
        [...path, nextHop === null ? 'export' : 'nextHop'],
        'announces routes with a next hop in 127.0.0.0/8',
        "FRR resets the session for it, GoBGP ignores the routes, and a daemon that exports them to its kernel takes the host offline: set 'nextHop' to an address outside, such as 198.19.0.1",
      )
  })
}

/** Returns VIPs, BIPs and backends; 127.0.0.0/8 stands for them if the block is chosen later. */
function ownRanges(config: ClusterConfig): OwnRange[] {
  const addresses = parseBlock(config.block) && new AddressPlan(config.block)
  const vips = config.vips.flatMap(({ name, address }, i) => {
    const known = address ?? addresses?.vip(i + 1)
    return known === undefined ? [] : [{ name: `VIP '${name}'`, prefix: `${known}/32` }]
  })
  const servers = config.backends.flatMap(({ name, server }) =>
    server === null ? [] : [{ name: `backend '${name}'`, prefix: `${server.address}/32` }],
  )
  const block =
    addresses === undefined
      ? [{ name: 'the block, which is chosen at start', prefix: '127.0.0.0/8' }]
      : [
          { name: 'the BIPs', prefix: addresses.bipPrefix },
          { name: 'the backends', prefix: addresses.backendPrefix },
        ]
  return [...vips, ...servers, ...block]
}

function overlap(a: string, b: string): boolean {
  const [one, other] = [parsePrefix(a), parsePrefix(b)]
  return one !== undefined && other !== undefined && (prefixCovers(one, other) || prefixCovers(other, one))
}
