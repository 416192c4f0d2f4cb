import type { LbHealthConfig, StatusRange } from '@fivetuple/lb-node'
import type {
  BackendEntry,
  BfdConfig,
  ClusterConfig,
  ConfigEndpoint,
  LbSettings,
  NeighborConfig,
  VipConfig,
} from './cluster-config.js'
import { DEFAULTS } from './defaults.js'
import { parseDuration } from './duration.js'
import { resolveBfd, resolveNeighborBfd } from './resolve-bfd.js'
import { type LinkDocument, resolveLink } from './resolve-links.js'
import type { ClusterDocument } from './schema.js'

type VipDocument = NonNullable<ClusterDocument['vips']>[number]
type NeighborDocument = NonNullable<NonNullable<ClusterDocument['bgp']>['neighbors']>[number]
type StatusSetting = NonNullable<NonNullable<VipDocument['health']>['status']>
type LbDocument = Pick<ClusterDocument, 'nat' | 'capacity'>

/** Fills in the defaults of a configuration. The document must satisfy the schema. */
export function resolveConfig(document: ClusterDocument): ClusterConfig {
  const lbs = document.lbs ?? DEFAULTS.lbs
  const lbNames = numbered('lb', lbs)
  const backends = resolveBackends(document.backends ?? DEFAULTS.backends)
  const bgp = { ...DEFAULTS.bgp, ...document.bgp }
  const bfd = resolveBfd(document.bfd)
  const ecmp = { ...DEFAULTS.ecmp, ...document.ecmp }
  const edge = { ...DEFAULTS.edge, ...document.edge }
  return {
    name: document.name ?? DEFAULTS.name,
    block: document.block ?? DEFAULTS.block,
    lbs,
    backends,
    vips: (document.vips ?? defaultVips(lbNames)).map((vip) =>
      resolveVip(vip, lbNames, backends, document.checks ?? DEFAULTS.checks),
    ),
    ecmp: {
      selection: ecmp.selection,
      hash: ecmp.hash,
      seed: ecmp.seed,
      buckets: ecmp.buckets,
      idleTimerMs: ms(ecmp.idleTimer),
      unbalancedTimerMs: ms(ecmp.unbalancedTimer),
    },
    lineCards: document.lineCards ?? DEFAULTS.lineCards,
    bgp: {
      port: bgp.port,
      holdTime: ms(bgp.holdTime) / 1_000,
      switchAs: bgp.switchAs,
      downlinkAs: bgp.downlinkAs,
      lbAs: bgp.lbAs,
      nextHops: document.bgp?.nextHops ?? null,
      neighbors: (document.bgp?.neighbors ?? []).map((neighbor) => resolveNeighbor(neighbor, bfd)),
    },
    bfd,
    lbSettings: resolveLbSettings(document),
    overrides: Object.fromEntries(
      Object.entries(document.overrides ?? {}).map(([lb, own]) => [lb, resolveLbSettings(document, own)]),
    ),
    redundancy: document.redundancy ?? DEFAULTS.redundancy,
    vrrp: {
      intervalMs: ms(document.vrrp?.interval ?? DEFAULTS.vrrp.interval),
      preempt: document.vrrp?.preempt ?? DEFAULTS.vrrp.preempt,
    },
    edge: {
      windowBytes: edge.windowBytes,
      keepAliveMs: keepAliveMs(document.edge?.keepAlive, ms(bgp.holdTime)),
      maxFlows: edge.maxFlows,
    },
    events: { kept: document.events?.keep ?? DEFAULTS.events.keep },
    flows: document.flows === 'off' ? null : { kept: document.flows?.keep ?? DEFAULTS.flows.keep },
    logLevel: document.log?.level ?? DEFAULTS.log.level,
    links: (document.links ?? []).map((link) => resolveLink(link as unknown as LinkDocument)),
  }
}

/**
 * Returns the keep-alive of the edges; null if it is off. By default a flow is first probed after
 * the hold time, so a flow never ends before the routing sessions on its path.
 */
function keepAliveMs(setting: string | number | undefined, holdTimeMs: number): number | null {
  if (setting === undefined) return holdTimeMs > 0 ? holdTimeMs : ms(DEFAULTS.bgp.holdTime)
  return ms(setting) === 0 ? null : ms(setting)
}

/** Returns the names `lb-1` to `lb-n` and the like. */
export function numbered(kind: 'lb' | 'backend', count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `${kind}-${i + 1}`)
}

/**
 * Two services; one LB fewer carries the second. Claim C4 requires VIPs that some LBs share and
 * others do not.
 */
function defaultVips(lbNames: readonly string[]): VipDocument[] {
  return [{ name: 'web' }, { name: 'api', lbs: lbNames.slice(0, Math.max(1, lbNames.length - 1)) }]
}

function resolveNeighbor(
  { export: routes, holdTime, bfd, ...neighbor }: NeighborDocument,
  clusterBfd: BfdConfig | null,
): NeighborConfig {
  return {
    allowedPrefixes: [],
    passive: DEFAULTS.bgp.passive,
    prefixLimit: DEFAULTS.bgp.prefixLimit,
    nextHop: null,
    port: null,
    ...neighbor,
    export: routes === undefined || routes === 'none' ? [] : typeof routes === 'string' ? [routes] : routes,
    holdTime: holdTime === undefined ? null : ms(holdTime) / 1_000,
    bfd: resolveNeighborBfd(bfd, clusterBfd),
  }
}

function resolveBackends(backends: NonNullable<ClusterDocument['backends']>): readonly BackendEntry[] {
  if (typeof backends === 'number') return numbered('backend', backends).map((name) => ({ name, server: null }))
  return backends.map(({ name, address, port }) => ({ name, server: { address, port } }))
}

/** Settings of all LBs, overridden by the settings of one LB. */
function resolveLbSettings(all: LbDocument, one: LbDocument = {}): LbSettings {
  const nat = { ...DEFAULTS.nat, ...all.nat, ...one.nat }
  const timeouts = { ...DEFAULTS.nat.timeouts, ...all.nat?.timeouts, ...one.nat?.timeouts }
  const capacity = { ...all.capacity, ...one.capacity }
  return {
    nat: {
      portRange: [nat.portRange[0]!, nat.portRange[1]!],
      maxSessions: nat.maxSessions,
      unknownFlow: nat.unknownFlow,
      timeouts: {
        synMs: ms(timeouts.syn),
        establishedMs: ms(timeouts.established),
        closingMs: ms(timeouts.closing),
        closedMs: ms(timeouts.closed),
        udpMs: ms(timeouts.udp),
      },
    },
    capacity: {
      packetsPerSecond: capacity.packetsPerSecond ?? null,
      newFlowsPerSecond: capacity.newFlowsPerSecond ?? null,
    },
  }
}

function resolveVip(
  vip: VipDocument,
  lbNames: readonly string[],
  servers: readonly BackendEntry[],
  checks: boolean,
): VipConfig {
  const { name, port, protocol, policy, lbs, backends, clientAddress } = { ...DEFAULTS.vip, ...vip }
  const backendNames = backends === 'all' ? servers.map((server) => server.name) : backends
  const areOurs = servers.every((server) => server.server === null || !backendNames.includes(server.name))
  return {
    name,
    address: vip.address ?? null,
    port,
    protocol,
    policy,
    lbs: lbs === 'all' ? lbNames : lbs,
    backends: backendNames,
    weights: vip.weights ?? {},
    health: resolveHealth(checks ? (vip.health ?? {}) : { ...vip.health, check: 'none' }, protocol, areOurs),
    limits: { maxSessions: vip.limits?.sessions ?? null, newFlowsPerSecond: vip.limits?.newFlowsPerSecond ?? null },
    clientAddress,
    expose: vip.expose === undefined ? null : endpoint(vip.expose),
  }
}

/** @param areOurs true if the launcher starts all backends, which respond to HTTP checks */
function resolveHealth(
  document: NonNullable<VipDocument['health']>,
  protocol: 'tcp' | 'udp',
  areOurs: boolean,
): LbHealthConfig {
  const health = { ...DEFAULTS.health, ...document }
  const type = document.check ?? (protocol === 'udp' ? 'none' : areOurs ? 'http' : 'tcp')
  return {
    check:
      type === 'none'
        ? null
        : {
            type,
            path: health.path,
            method: health.method,
            host: document.host ?? null,
            expectStatus: statusRanges(health.status),
            port: document.port ?? null,
            intervalMs: ms(health.interval),
            timeoutMs: ms(health.timeout),
            rise: health.rise,
            fall: health.fall,
          },
    noBackend: health.noBackend,
    panicThreshold: health.panicThreshold,
    watermark: { low: health.low, high: document.high ?? health.low },
    slowStartMs: ms(health.slowStart),
  }
}

function statusRanges(status: StatusSetting): StatusRange[] {
  return (Array.isArray(status) ? status : [status]).map((range): StatusRange => {
    const [low, high = low] = String(range).split('-').map(Number)
    return [low!, high!]
  })
}

function endpoint(text: string): ConfigEndpoint {
  const [address = '', port = ''] = text.split(':')
  return { address, port: Number(port) }
}

function ms(duration: string | number): number {
  return parseDuration(duration) ?? 0
}
