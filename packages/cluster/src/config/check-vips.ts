import { BACKEND_POLICIES } from '@fivetuple/lb-node/policies'
import { type AddressPlan, VIP_NUMBERS } from '../plan/address-plan.js'
import { checkDuration } from './check-duration.js'
import type { ClusterConfig, ConfigEndpoint, VipConfig } from './cluster-config.js'
import type { ConfigPath, Report } from './config-error.js'
import { didYouMean } from './did-you-mean.js'
import { MAX_STANDBY_VIPS } from './limits.js'
import { isLoopback, isUnicast } from './loopback.js'
import { numbered } from './resolve.js'

/**
 * Reports VIPs that contradict each other, the block, or the things that they refer to.
 * @param addresses of the block; undefined if the block is chosen later
 */
export function checkVips(config: ClusterConfig, addresses: AddressPlan | undefined, report: Report): void {
  const lbNames = numbered('lb', config.lbs)
  const backendNames = config.backends.map(({ name }) => name)
  const names = new Map<string, number>()
  const services = new Map<string, string>()
  const lbsByAddress = new Map<string, VipConfig>()
  const exposed = new Map<string, string>()
  config.vips.forEach((vip, i) => {
    const path = ['vips', i]
    if (names.has(vip.name))
      report([...path, 'name'], `'${vip.name}' is there twice`, 'give each VIP a name of its own')
    names.set(vip.name, i)
    checkReferences(vip.lbs, lbNames, 'LB', [...path, 'lbs'], report)
    checkReferences(vip.backends, backendNames, 'backend', [...path, 'backends'], report)
    checkReferences(Object.keys(vip.weights), vip.backends, 'backend of this VIP', [...path, 'weights'], report)
    checkHealth(vip, path, report)
    checkAddress(config.block, addresses, vip, path, report)
    checkExpose(config, addresses, vip, exposed, path, report)

    const address = vip.address ?? addresses?.vip(i + 1) ?? `VIP ${i + 1} of the block`
    const service = `${vip.protocol} ${address}:${vip.port}`
    const same = services.get(service)
    if (same !== undefined) report(path, `${service} is VIP '${same}' already`, 'change the port or the address of one')
    services.set(service, vip.name)

    // An LB announces addresses, not ports: two services of one address have one route.
    const twin = lbsByAddress.get(address)
    if (twin !== undefined && [...twin.lbs].sort().join() !== [...vip.lbs].sort().join())
      report(
        [...path, 'lbs'],
        `differs from that of VIP '${twin.name}', which has the same address`,
        'name the same LBs for both, or give one another address',
      )
    lbsByAddress.set(address, twin ?? vip)
  })
  if (config.redundancy === 'active-standby' && lbsByAddress.size > MAX_STANDBY_VIPS)
    report(
      ['redundancy'],
      `is active-standby, with ${lbsByAddress.size} VIP addresses`,
      `VRRP distinguishes at most ${MAX_STANDBY_VIPS}: let some share an address, with ports of their own`,
    )
}

function checkReferences(
  wanted: readonly string[],
  known: readonly string[],
  kind: 'LB' | 'backend' | 'backend of this VIP',
  path: ConfigPath,
  report: Report,
): void {
  const all = new Set(known)
  wanted.forEach((name, i) => {
    if (all.has(name)) return
    const near = didYouMean(name, known)
    const there = known.length === 1 ? known[0] : `${known[0]} to ${known.at(-1)}`
    // A number that is out of range is no misspelling of another number.
    const misspelt = near !== undefined && /\d*$/.exec(near)![0] === /\d*$/.exec(name)![0]
    report(
      [...path, path.at(-1) === 'weights' ? name : i],
      `is '${name}', and there is no such ${kind}`,
      misspelt ? `did you mean '${near}'?` : `there is ${there}`,
    )
  })
}

function checkHealth({ health, protocol, backends, policy }: VipConfig, path: ConfigPath, report: Report): void {
  const here = [...path, 'health']
  const { check, watermark, slowStartMs, panicThreshold } = health
  if (check !== null) {
    checkDuration(check.intervalMs, [...here, 'interval'], report)
    checkDuration(check.timeoutMs, [...here, 'timeout'], report)
    if (check.type === 'udp' && protocol === 'tcp')
      report([...here, 'check'], "is 'udp', but the VIP carries TCP", "choose 'http' or 'tcp'")
    for (const [low, high] of check.expectStatus)
      if (low > high) report([...here, 'status'], `is ${low}-${high}`, 'put the lower status first')
  }
  if (slowStartMs > 0) {
    checkDuration(slowStartMs, [...here, 'slowStart'], report)
    if (!BACKEND_POLICIES[policy].usesWeights)
      report(
        [...here, 'slowStart'],
        `has no effect with policy ${policy}, which ignores weights`,
        "choose 'policy: weighted-round-robin' or another one",
      )
  }
  if (panicThreshold > 0 && !BACKEND_POLICIES[policy].spreads)
    report(
      [...here, 'panicThreshold'],
      `gives new flows to an unhealthy backend with policy ${policy}, while another one is healthy`,
      'remove it, or choose another policy',
    )
  if (watermark.low > watermark.high)
    report(
      [...here, 'low'],
      `is ${watermark.low}, above high, which is ${watermark.high}`,
      'make high at least as large',
    )
  else if (watermark.high > backends.length)
    report(
      [...here, watermark.low === watermark.high ? 'low' : 'high'],
      `is ${watermark.high}, and the VIP has ${backends.length} backends: it would never come up`,
      `choose at most ${backends.length}`,
    )
}

function checkAddress(
  block: string,
  addresses: AddressPlan | undefined,
  { address, expose }: VipConfig,
  path: ConfigPath,
  report: Report,
): void {
  if (address === null) return
  const here = [...path, 'address']
  if (!isUnicast(address)) report(here, `${address} is no unicast address`, 'choose one below 224.0.0.0')
  else if (!isLoopback(address)) {
    if (expose === null)
      report(
        here,
        `${address} is outside 127.0.0.0/8, so clients can't connect to it`,
        "add expose, as in 'expose: 127.0.0.1:8081'",
      )
  } else if (block === 'auto')
    report(
      here,
      `${address} is a loopback address, but the block is chosen at start`,
      'remove it: the default lies in the block',
    )
  else if (addresses !== undefined && !addresses.rangeContains('vips', address))
    report(
      here,
      `${address} is outside the range for VIPs`,
      `choose one from ${addresses.vip(1)} to ${addresses.vip(VIP_NUMBERS)}, or remove it`,
    )
}

function checkExpose(
  config: ClusterConfig,
  addresses: AddressPlan | undefined,
  { name, protocol, expose }: VipConfig,
  exposed: Map<string, string>,
  path: ConfigPath,
  report: Report,
): void {
  if (expose === null) return
  const here = [...path, 'expose']
  const text = `${expose.address}:${expose.port}`
  if (expose.port > 65_535) report(here, `is ${text}`, 'a port is at most 65535')
  if (!isLoopback(expose.address))
    report(here, `${text} is outside 127.0.0.0/8`, 'choose a loopback address:port such as 127.0.0.1:8081')
  else if (addresses?.contains(expose.address))
    report(here, `${text} lies in the block, whose addresses belong to roles`, 'choose one such as 127.0.0.1:8081')
  const other = exposed.get(`${protocol} ${text}`)
  if (other !== undefined) report(here, `${text} is taken by VIP '${other}'`, 'choose another port')
  exposed.set(`${protocol} ${text}`, name)
  checkListenersElsewhere(config, protocol, expose, here, report)
}

/**
 * Reports a VIP that is exposed where a server of the cluster listens: connections to that server
 * would loop.
 */
function checkListenersElsewhere(
  { vips, backends, bgp }: ClusterConfig,
  protocol: VipConfig['protocol'],
  expose: ConfigEndpoint,
  path: ConfigPath,
  report: Report,
): void {
  const text = `${expose.address}:${expose.port}`
  const used = new Set(vips.flatMap((vip) => (vip.protocol === protocol ? vip.backends : [])))
  const backend = backends.find(
    ({ name, server }) => used.has(name) && server?.address === expose.address && server.port === expose.port,
  )
  if (backend !== undefined)
    report(
      path,
      `${text} is backend '${backend.name}', so that connections would go in a circle`,
      'choose another port',
    )
  const neighbor = bgp.neighbors.find(
    ({ address, port }) => address === expose.address && (port ?? bgp.port) === expose.port,
  )
  if (protocol === 'tcp' && neighbor !== undefined)
    report(path, `${text} is where BGP neighbour '${neighbor.name}' listens`, 'choose another port')
}
