import type { BackendConfig } from '@fivetuple/backend'
import type { LbConfig } from '@fivetuple/lb-node'
import { formatIpv4, parsePrefix } from '@fivetuple/packet'
import type { EdgeTcpConfig, SwitchConfig, SwitchNeighborConfig } from '@fivetuple/switch'
import type { ClusterConfig, ConfigEndpoint, NeighborConfig, VipConfig } from '../config/cluster-config.js'

import { edgeTimers } from '../config/edge-timers.js'

import { AddressPlan } from './address-plan.js'
import { linkBfd, neighborBfd } from './bfd-settings.js'
import { checkPorts, planChecks } from './check-flows.js'
import { type PlannedLinkFaults, planLinkFaults } from './link-faults.js'
import { API_PORT, BACKEND_PORT, DOWNLINK_CABLE_PORT, UPLINK_CABLE_PORT, VRRP_PORT } from './ports.js'

/** Prefix behind the uplink switch: clients may be anywhere. */
const ANYWHERE = '0.0.0.0/0'
/** Prefixes that an LB may announce beyond the number of VIPs. */
const LB_PREFIX_LIMIT = 100

/**
 * Highest VRRP priority of an LB. RFC 9568 §5.2.4: 255 is for the owner of an address, and no LB
 * owns a VIP.
 */
const PRIORITY_MAX = 254

/** All processes of a cluster, with the complete configuration of each role. */
export interface ClusterPlan {
  readonly name: string
  /** CIDR */
  readonly block: string
  readonly api: ConfigEndpoint
  /** Source addresses for clients on this machine, CIDR. */
  readonly clientPool: string
  readonly uplink: SwitchConfig
  readonly downlink: SwitchConfig
  /** Both switches. */
  readonly switches: readonly SwitchConfig[]
  readonly lbs: readonly LbConfig[]
  /** Backends that the launcher starts. */
  readonly backends: readonly BackendConfig[]
  readonly vips: readonly VipPlan[]
  /** Records of flows; null: none are made. */
  readonly flows: ClusterConfig['flows']
  /** Faults of links, which are injected when the cluster is ready. */
  readonly linkFaults: readonly PlannedLinkFaults[]
}

/** Virtual service with its addresses. */
export interface VipPlan extends VipConfig {
  readonly address: string
  /** Address and port where clients connect. */
  readonly listen: ConfigEndpoint
}

/**
 * Plans a cluster in a block.
 *
 * @param config from `loadConfig` or `defaultConfig`
 * @param block the /16 to use, CIDR; that of the configuration unless it is 'auto'
 * @param clusterKey shared secret of all roles, hexadecimal, at least 16 bytes
 */
export function planCluster(config: ClusterConfig, block: string, clusterKey: string): ClusterPlan {
  const addresses = new AddressPlan(block)
  const { logLevel } = config
  const vips = config.vips.map((vip, i): VipPlan => {
    const address = vip.address ?? addresses.vip(i + 1)
    return { ...vip, address, listen: vip.expose ?? { address, port: vip.port } }
  })
  const uplink = planUplink(config, addresses, vips, clusterKey)
  const downlink = planDownlink(config, addresses, vips, clusterKey)
  return {
    name: config.name,
    block,
    api: { address: addresses.launcher, port: API_PORT },
    clientPool: addresses.clientPool,
    uplink,
    downlink,
    switches: [uplink, downlink],
    lbs: numbers(config.lbs).map((k) => planLb(k, config, addresses, vips, clusterKey)),
    backends: config.backends.flatMap(({ name, server }, i) =>
      server === null ? [{ name, address: addresses.backend(i + 1), port: BACKEND_PORT, logLevel }] : [],
    ),
    vips,
    flows: config.flows,
    linkFaults: planLinkFaults(config),
  }
}

function planEdgeTcp(config: ClusterConfig): EdgeTcpConfig {
  const { halfClosedKeepAliveMs, userTimeoutMs } = edgeTimers(config)
  return { ...config.edge, halfClosedKeepAliveMs, userTimeoutMs }
}

function planUplink(
  config: ClusterConfig,
  addresses: AddressPlan,
  vips: readonly VipPlan[],
  clusterKey: string,
): SwitchConfig {
  // Any LB may get any VIP while the cluster runs. An LB ignores addresses that are in no list.
  const allowedPrefixes = [...new Set(vips.map(({ address }) => `${address}/32`))]
  const prefixLimit = Math.max(LB_PREFIX_LIMIT, allowedPrefixes.length)
  return {
    name: 'uplink',
    role: 'uplink',
    address: addresses.uplink,
    cablePort: UPLINK_CABLE_PORT,
    clusterKey,
    ports: planPorts(config),
    bgp: {
      port: config.bgp.port,
      as: config.bgp.switchAs,
      holdTime: config.bgp.holdTime,
      neighbors: [
        ...numbers(config.lbs).map((k) => lbNeighbor(k, config, addresses, clusterKey, allowedPrefixes, prefixLimit)),
        ...foreignNeighbors(config, 'uplink', clusterKey),
      ],
      announce: [ANYWHERE],
    },
    ecmp: config.ecmp,
    edge: {
      kind: 'client',
      services: vips.map(({ name, protocol, address, port, listen }) => ({ name, protocol, address, port, listen })),
      tcp: planEdgeTcp(config),
      records: config.flows && { udpIdleMs: longestUdpTimeout(config) },
    },
    lineCards: config.lineCards,
    logLevel: config.logLevel,
  }
}

function planDownlink(
  config: ClusterConfig,
  addresses: AddressPlan,
  vips: readonly VipPlan[],
  clusterKey: string,
): SwitchConfig {
  const proxied = vips.filter(({ protocol, clientAddress }) => protocol === 'tcp' && clientAddress === 'proxy-v2')
  const proxiedBackends = new Set(proxied.flatMap(({ backends }) => backends))
  const outside = config.backends.flatMap(({ server }) =>
    server === null || addresses.rangeContains('backends', server.address) ? [] : [`${server.address}/32`],
  )
  const prefixes = [addresses.backendPrefix, ...new Set(outside)]
  return {
    name: 'downlink',
    role: 'downlink',
    address: addresses.downlink,
    cablePort: DOWNLINK_CABLE_PORT,
    clusterKey,
    ports: planPorts(config),
    bgp: {
      port: config.bgp.port,
      as: config.bgp.downlinkAs,
      holdTime: config.bgp.holdTime,
      neighbors: [
        ...numbers(config.lbs).map((k) =>
          lbNeighbor(k, config, addresses, clusterKey, [`${addresses.bip(k)}/32`], LB_PREFIX_LIMIT),
        ),
        ...foreignNeighbors(config, 'downlink', clusterKey),
      ],
      announce: prefixes,
    },
    ecmp: config.ecmp,
    edge: {
      kind: 'server',
      prefixes,
      proxyProtocol: [...proxiedBackends].map((name) => backendEndpoint(name, config, addresses)),
      checks: planChecks(config, addresses),
      hasTcp: vips.some(({ protocol }) => protocol === 'tcp'),
      hasUdp: vips.some(({ protocol }) => protocol === 'udp'),
      udpIdleMs: longestUdpTimeout(config),
      tcp: planEdgeTcp(config),
    },
    lineCards: config.lineCards,
    logLevel: config.logLevel,
  }
}

function planLb(
  k: number,
  config: ClusterConfig,
  addresses: AddressPlan,
  vips: readonly VipPlan[],
  clusterKey: string,
): LbConfig {
  const name = lbName(k)
  const { bgp } = config
  const { nat, capacity } = config.overrides[name] ?? config.lbSettings
  return {
    name,
    id: k,
    address: addresses.lb(k),
    bip: addresses.bip(k),
    clusterKey,
    cables: {
      uplink: { peer: 'uplink', address: addresses.uplink, port: UPLINK_CABLE_PORT, memberLinks: config.lineCards },
      downlink: {
        peer: 'downlink',
        address: addresses.downlink,
        port: DOWNLINK_CABLE_PORT,
        memberLinks: config.lineCards,
      },
    },
    bgp: {
      port: bgp.port,
      as: bgp.lbAs,
      holdTime: bgp.holdTime,
      uplink: { address: addresses.uplink, as: bgp.switchAs },
      downlink: { address: addresses.downlink, as: bgp.downlinkAs },
      nextHop: bgp.nextHops === null ? null : formatIpv4(parsePrefix(bgp.nextHops)!.address + k),
    },
    ...(config.bfd && { bfd: linkBfd(config.bfd, clusterKey) }),
    // Claim C13: every LB has all services; the addresses on its interface decide which ones it
    // carries.
    services: vips.map((vip) => ({
      name: vip.name,
      protocol: vip.protocol,
      address: vip.address,
      port: vip.port,
      policy: vip.policy,
      limits: vip.limits,
      clientAddress: vip.clientAddress,
      health: vip.health,
      backends: vip.backends.map((backend) => ({
        name: backend,
        ...backendEndpoint(backend, config, addresses),
        weight: weightOf(vip, backend),
      })),
    })),
    vips: [...new Set(vips.filter(({ lbs }) => lbs.includes(name)).map(({ address }) => address))],
    draining: false,
    drainedBackends: [],
    linkFaults: [],
    redundancy: planRedundancy(k, config, addresses, vips),
    nat,
    capacity,
    checkPorts: checkPorts(lbName(k), config),
    records: config.flows !== null,
    logLevel: config.logLevel,
  }
}

/**
 * Sockets towards servers stay as long as any LB keeps its sessions: the same flow then finds the
 * same socket.
 */
function longestUdpTimeout({ lbSettings, overrides }: ClusterConfig): number {
  return Math.max(...[lbSettings, ...Object.values(overrides)].map(({ nat }) => nat.timeouts.udpMs))
}

/**
 * VRRP priority of an LB. lb-1 has the highest one and carries the VIPs if nothing fails. The
 * priorities are far apart: the skew (RFC 9568 §6.1) is longer than the transmission of an
 * advertisement, so one successor is elected at once.
 */
function planRedundancy(
  k: number,
  { redundancy, vrrp, lbs }: ClusterConfig,
  addresses: AddressPlan,
  vips: readonly VipPlan[],
): LbConfig['redundancy'] {
  if (redundancy === 'active-active') return null
  return {
    kind: 'active-standby',
    port: VRRP_PORT,
    peers: numbers(lbs)
      .filter((other) => other !== k)
      .map((other) => ({ name: lbName(other), address: addresses.lb(other) })),
    priority: PRIORITY_MAX - (k - 1) * Math.floor(PRIORITY_MAX / (lbs + 1)),
    adverIntervalMs: vrrp.intervalMs,
    preempt: vrrp.preempt,
    vips: [...new Set(vips.map(({ address }) => address))].map((address, i) => ({ vrid: i + 1, address })),
  }
}

/** Own properties only: an object has a 'constructor', and a backend may have that name. */
function weightOf({ weights }: VipConfig, backend: string): number {
  return Object.hasOwn(weights, backend) ? weights[backend]! : 1
}

function backendEndpoint(name: string, { backends }: ClusterConfig, addresses: AddressPlan): ConfigEndpoint {
  const i = backends.findIndex((backend) => backend.name === name)
  return backends[i]?.server ?? { address: addresses.backend(i + 1), port: BACKEND_PORT }
}

function planPorts({ lbs }: ClusterConfig): SwitchConfig['ports'] {
  return numbers(lbs).map((id) => ({ id, peer: lbName(id) }))
}

function lbNeighbor(
  k: number,
  { bgp, bfd }: ClusterConfig,
  addresses: AddressPlan,
  clusterKey: string,
  allowedPrefixes: readonly string[],
  prefixLimit: number,
): SwitchNeighborConfig {
  return {
    name: lbName(k),
    address: addresses.lb(k),
    as: bgp.lbAs,
    portId: k,
    port: bgp.port,
    holdTime: bgp.holdTime,
    nextHop: null,
    exports: ['connected'],
    allowedPrefixes,
    passive: true,
    prefixLimit,
    ...(bfd && { bfd: linkBfd(bfd, clusterKey) }),
  }
}

function foreignNeighbors(
  { bgp }: ClusterConfig,
  side: NeighborConfig['switch'],
  clusterKey: string,
): SwitchNeighborConfig[] {
  return bgp.neighbors
    .filter((neighbor) => neighbor.switch === side)
    .map(({ switch: _, export: routes, port, holdTime, bfd, ...neighbor }) => ({
      ...neighbor,
      portId: null,
      port: port ?? bgp.port,
      holdTime: holdTime ?? bgp.holdTime,
      ...(bfd && { bfd: neighborBfd(bfd, clusterKey) }),
      exports: [...new Set(routes.map((route) => (route === 'vips' ? 'forwarded' : 'connected')))],
    }))
}

function lbName(k: number): string {
  return `lb-${k}`
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}
