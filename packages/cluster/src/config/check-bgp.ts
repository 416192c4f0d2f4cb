import { parsePrefix } from '@fivetuple/packet'
import type { AddressPlan } from '../plan/address-plan.js'
import { DOWNLINK_CABLE_PORT, UPLINK_CABLE_PORT } from '../plan/ports.js'
import type { ClusterConfig, NeighborConfig } from './cluster-config.js'
import type { ConfigPath, Report } from './config-error.js'
import { isUnicast } from './loopback.js'

/** Reports routing settings that no session could come up with. */
export function checkBgp(config: ClusterConfig, addresses: AddressPlan | undefined, report: Report): void {
  const { port, holdTime, switchAs, downlinkAs, lbAs, nextHops, neighbors } = config.bgp
  if (port === UPLINK_CABLE_PORT || port === DOWNLINK_CABLE_PORT)
    report(['bgp', 'port'], `${port} is where LBs plug in their cables`, 'choose another one, such as 1790')
  // RFC 4271 §4.2
  if (!Number.isInteger(holdTime) || (holdTime !== 0 && holdTime < 3) || holdTime > 65_535)
    report(['bgp', 'holdTime'], `is ${holdTime} s`, 'it must be 0, or 3 to 65535 whole seconds')
  if (lbAs === switchAs || lbAs === downlinkAs)
    report(['bgp', 'lbAs'], `${lbAs} is the AS of a switch too`, 'sessions are external BGP: choose another AS number')
  if (nextHops !== null && 2 ** (32 - (parsePrefix(nextHops)?.length ?? 32)) <= config.lbs + 1)
    report(
      ['bgp', 'nextHops'],
      `${nextHops} is no prefix with an address for each LB`,
      'clear the bits beyond its length, or choose a shorter one',
    )
  const names = new Set<string>()
  const peers = new Set<string>()
  neighbors.forEach((neighbor, i) => {
    const path = ['bgp', 'neighbors', i]
    if (names.has(neighbor.name) || /^(lb-\d+|uplink|downlink|launcher)$/.test(neighbor.name))
      report([...path, 'name'], `'${neighbor.name}' is taken`, 'give each neighbour a name of its own')
    names.add(neighbor.name)
    const peer = `${neighbor.switch} ${neighbor.address}`
    if (peers.has(peer))
      report([...path, 'address'], `${neighbor.address} is a neighbour of ${neighbor.switch} already`, 'remove one')
    peers.add(peer)
    checkNeighbor(neighbor, neighbor.switch === 'uplink' ? switchAs : downlinkAs, addresses, path, report)
  })
}

function checkNeighbor(
  { address, as, allowedPrefixes }: NeighborConfig,
  localAs: number,
  addresses: AddressPlan | undefined,
  path: ConfigPath,
  report: Report,
): void {
  if (!isUnicast(address))
    report([...path, 'address'], `${address} is no unicast address`, 'choose one below 224.0.0.0')
  for (const range of ['routers', 'lbs', 'bips', 'backends', 'vips'] as const)
    if (addresses?.rangeContains(range, address))
      report(
        [...path, 'address'],
        `${address} is in a range of this block that belongs to roles`,
        'choose one outside the ranges of routers, LBs, BIPs, backends and VIPs, or outside the block',
      )
  if (as === localAs)
    report([...path, 'as'], `${as} is the AS of its switch`, 'sessions are external BGP: choose another AS number')
  allowedPrefixes.forEach((prefix, i) => {
    if (parsePrefix(prefix) === undefined)
      report(
        [...path, 'allowedPrefixes', i],
        `${prefix} has bits set beyond its length`,
        'clear them, as in 198.18.0.0/24',
      )
  })
}
