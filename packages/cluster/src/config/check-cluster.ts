import { AddressPlan } from '../plan/address-plan.js'
import { parseBlock } from '../plan/block.js'
import { checkBfd } from './check-bfd.js'
import { checkBgp } from './check-bgp.js'
import { checkDuration } from './check-duration.js'
import { checkLinks } from './check-links.js'
import { checkNeighbors } from './check-neighbors.js'
import { checkVips } from './check-vips.js'
import type { ClusterConfig, LbSettings } from './cluster-config.js'
import type { ConfigPath, Report } from './config-error.js'
import { CHECK_PORTS, MAX_NODES } from './limits.js'
import { isLoopback } from './loopback.js'
import { numbered } from './resolve.js'

/** Names of the roles that the launcher starts. */
const RESERVED_NAME = /^(lb-\d+|uplink|downlink|launcher)$/

/**
 * Reports errors that the schema can't detect: references, ranges, and addresses that must fit
 * together.
 */
export function checkCluster(config: ClusterConfig, report: Report): void {
  const block = parseBlock(config.block)
  if (block === undefined && config.block !== 'auto')
    report(['block'], `is '${config.block}'`, "it must be 'auto' or a /16 from 127.1.0.0/16 to 127.254.0.0/16")
  const addresses = block && new AddressPlan(config.block)
  checkBackends(config, addresses, report)
  checkVips(config, addresses, report)
  checkBgp(config, report)
  checkBfd(config, report)
  checkNeighbors(config, addresses, report)
  checkLinks(config, report)
  checkLbSettings(config.lbSettings, [], report)
  checkOverrides(config, report)
  // Each card would move buckets by its own flows, so 'explain' could not compute the bucket of a
  // flow.
  if (config.lineCards > 1 && config.ecmp.selection === 'resilient')
    report(
      ['lineCards'],
      `is ${config.lineCards}`,
      "with selection 'resilient' it must be 1: choose 'rendezvous' or 'maglev'",
    )
  const { intervalMs } = config.vrrp
  // RFC 9568 §5.2.7: centiseconds, 12 bits.
  if (intervalMs < 10 || intervalMs > 40_950 || intervalMs % 10 !== 0)
    report(['vrrp', 'interval'], `is ${intervalMs} ms`, 'it must be from 10 ms to 40.95s, in steps of 10 ms')
  if (config.edge.keepAliveMs !== null) checkDuration(config.edge.keepAliveMs, ['edge', 'keepAlive'], report)
}

/** Reports a number of nodes for which a block has no room. */
export function checkCount(key: 'lbs' | 'backends', count: number, report: Report): void {
  if (!Number.isInteger(count) || count < 1 || count > MAX_NODES)
    report([key], `is ${count}`, `it must be a whole number from 1 to ${MAX_NODES}`)
}

function checkBackends({ backends }: ClusterConfig, addresses: AddressPlan | undefined, report: Report): void {
  const names = new Set<string>()
  const servers = new Map<string, string>()
  backends.forEach(({ name, server }, i) => {
    if (server === null) return
    const path = ['backends', i]
    if (names.has(name)) report([...path, 'name'], `'${name}' is there twice`, 'give each backend a name of its own')
    if (RESERVED_NAME.test(name)) report([...path, 'name'], `'${name}' is the name of a role`, 'choose another one')
    names.add(name)
    const { address, port } = server
    const other = servers.get(`${address}:${port}`)
    if (other) report(path, `${address}:${port} is '${other}' already`, 'remove one of them')
    servers.set(`${address}:${port}`, name)
    if (!isLoopback(address))
      report(
        [...path, 'address'],
        `${address} is outside 127.0.0.0/8`,
        'LBs call from loopback addresses, to which only a server on a loopback address can respond: let it listen there too',
      )
    else if (addresses?.contains(address) && !addresses.rangeContains('backends', address))
      report(
        [...path, 'address'],
        `${address} is in a range of this block that belongs to roles`,
        `choose one in ${addresses.backendPrefix}, or one outside the block`,
      )
  })
}

function checkOverrides({ lbs, overrides }: ClusterConfig, report: Report): void {
  const names = numbered('lb', lbs)
  for (const [name, settings] of Object.entries(overrides)) {
    const path = ['overrides', name]
    if (!names.includes(name)) report(path, 'is no LB', `there is ${names[0]} to ${names.at(-1)}`)
    checkLbSettings(settings, path, report)
  }
}

function checkLbSettings({ nat }: LbSettings, path: ConfigPath, report: Report): void {
  const [first, last] = nat.portRange
  const range = [...path, 'nat', 'portRange']
  if (first > last) report(range, `starts at ${first} and ends at ${last}`, 'put the smaller port first')
  else if (first < 1_024 + CHECK_PORTS)
    report(range, `starts at ${first}`, `start at ${1_024 + CHECK_PORTS} or above: health checks use the ports below`)
  for (const [key, value] of Object.entries(nat.timeouts))
    checkDuration(value, [...path, 'nat', 'timeouts', key.replace(/Ms$/, '')], report)
}
