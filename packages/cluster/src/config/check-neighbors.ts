import { parsePrefix } from '@fivetuple/packet'
import type { AddressPlan } from '../plan/address-plan.js'
import { checkHoldTime } from './check-bgp.js'
import type { ClusterConfig, NeighborConfig, NeighborExport } from './cluster-config.js'
import type { ConfigPath, Report } from './config-error.js'
import { isLoopback, isUnicast } from './loopback.js'

/** Routes that each kind of switch has and so can export. */
const EXPORTS: Readonly<Record<NeighborConfig['switch'], readonly NeighborExport[]>> = {
  uplink: ['default', 'vips'],
  downlink: ['backends'],
}

/**
 * Reports external neighbours with which no session can be established.
 * @param addresses of the block; undefined if the block is chosen later
 */
export function checkNeighbors(config: ClusterConfig, addresses: AddressPlan | undefined, report: Report): void {
  const { switchAs, downlinkAs, neighbors } = config.bgp
  const names = new Set<string>()
  const peers = new Set<string>()
  neighbors.forEach((neighbor, i) => {
    const path = ['bgp', 'neighbors', i]
    if (names.has(neighbor.name) || /^(lb-\d+|uplink|downlink|launcher|all)$/.test(neighbor.name))
      report([...path, 'name'], `'${neighbor.name}' is taken`, 'give each neighbour a name of its own')
    names.add(neighbor.name)
    const peer = `${neighbor.switch} ${neighbor.address}`
    if (peers.has(peer))
      report([...path, 'address'], `${neighbor.address} is a neighbour of ${neighbor.switch} already`, 'remove one')
    peers.add(peer)
    checkAddress(neighbor, addresses, path, report)
    const localAs = neighbor.switch === 'uplink' ? switchAs : downlinkAs
    if (neighbor.as === localAs)
      report(
        [...path, 'as'],
        `${neighbor.as} is the AS of its switch`,
        'sessions are external BGP: choose another AS number',
      )
    if (neighbor.holdTime !== null) checkHoldTime(neighbor.holdTime, [...path, 'holdTime'], report)
    neighbor.allowedPrefixes.forEach((prefix, k) => {
      if (parsePrefix(prefix) === undefined)
        report(
          [...path, 'allowedPrefixes', k],
          `${prefix} has bits set beyond its length`,
          'clear them, as in 198.18.0.0/24',
        )
    })
    checkExport(neighbor, path, report)
  })
}

function checkAddress(
  { address }: NeighborConfig,
  addresses: AddressPlan | undefined,
  path: ConfigPath,
  report: Report,
): void {
  const here = [...path, 'address']
  if (!isUnicast(address)) report(here, `${address} is no unicast address`, 'choose one below 224.0.0.0')
  else if (!isLoopback(address))
    report(
      here,
      `${address} is outside 127.0.0.0/8`,
      'switches speak BGP from loopback addresses, to which only a daemon on a loopback address can respond: give the daemon one, such as 127.0.0.9',
    )
  for (const range of ['routers', 'lbs', 'bips', 'backends', 'vips'] as const)
    if (addresses?.rangeContains(range, address))
      report(
        here,
        `${address} is in a range of this block that belongs to roles`,
        'choose one outside the ranges of routers, LBs, BIPs, backends and VIPs, or outside the block',
      )
}

function checkExport(neighbor: NeighborConfig, path: ConfigPath, report: Report): void {
  const { switch: side, export: routes, nextHop } = neighbor
  const possible = EXPORTS[side]
  for (const route of new Set(routes))
    if (!possible.includes(route))
      report(
        [...path, 'export'],
        `is '${route}', of which the ${side} switch has no routes`,
        `choose ${possible.map((name) => `'${name}'`).join(' or ')}, or the other switch`,
      )
  if (nextHop !== null && !isUnicast(nextHop))
    report([...path, 'nextHop'], `${nextHop} is no unicast address`, 'choose one below 224.0.0.0')
}
