import type { BackendEntry, ClusterConfig, ConfigEndpoint, VipConfig } from './cluster-config.js'
import { DEFAULTS } from './defaults.js'
import { parseDuration } from './duration.js'
import type { ClusterDocument } from './schema.js'

type VipDocument = NonNullable<ClusterDocument['vips']>[number]

/** Fills in what a configuration leaves open. The document must satisfy the schema. */
export function resolveConfig(document: ClusterDocument): ClusterConfig {
  const lbs = document.lbs ?? DEFAULTS.lbs
  const lbNames = numbered('lb', lbs)
  const backends = resolveBackends(document.backends ?? DEFAULTS.backends)
  const backendNames = backends.map(({ name }) => name)
  const bgp = { ...DEFAULTS.bgp, ...document.bgp }
  const nat = { ...DEFAULTS.nat, ...document.nat }
  const timeouts = { ...DEFAULTS.nat.timeouts, ...document.nat?.timeouts }
  const edge = { ...DEFAULTS.edge, ...document.edge }
  return {
    name: document.name ?? DEFAULTS.name,
    block: document.block ?? DEFAULTS.block,
    lbs,
    backends,
    vips: (document.vips ?? defaultVips(lbNames)).map((vip) => resolveVip(vip, lbNames, backendNames)),
    ecmp: { ...DEFAULTS.ecmp, ...document.ecmp },
    bgp: {
      port: bgp.port,
      holdTime: ms(bgp.holdTime) / 1_000,
      switchAs: bgp.switchAs,
      downlinkAs: bgp.downlinkAs,
      lbAs: bgp.lbAs,
      nextHops: document.bgp?.nextHops ?? null,
      neighbors: (document.bgp?.neighbors ?? []).map((neighbor) => ({
        allowedPrefixes: [],
        passive: DEFAULTS.bgp.passive,
        prefixLimit: DEFAULTS.bgp.prefixLimit,
        ...neighbor,
      })),
    },
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
    edge: { windowBytes: edge.windowBytes, keepAliveMs: ms(edge.keepAlive), maxFlows: edge.maxFlows },
    logLevel: document.log?.level ?? DEFAULTS.log.level,
  }
}

/** `lb-1` to `lb-n` and the like. */
export function numbered(kind: 'lb' | 'backend', count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `${kind}-${i + 1}`)
}

/** Two services, so that one LB fewer carries the second: claim C4 asks for VIPs that some LBs share and others don't. */
function defaultVips(lbNames: readonly string[]): VipDocument[] {
  return [{ name: 'web' }, { name: 'api', lbs: lbNames.slice(0, Math.max(1, lbNames.length - 1)) }]
}

function resolveBackends(backends: NonNullable<ClusterDocument['backends']>): readonly BackendEntry[] {
  if (typeof backends === 'number') return numbered('backend', backends).map((name) => ({ name, server: null }))
  return backends.map(({ name, address, port }) => ({ name, server: { address, port } }))
}

function resolveVip(vip: VipDocument, lbNames: readonly string[], backendNames: readonly string[]): VipConfig {
  const { name, port, protocol, policy, lbs, backends } = { ...DEFAULTS.vip, ...vip }
  return {
    name,
    address: vip.address ?? null,
    port,
    protocol,
    policy,
    lbs: lbs === 'all' ? lbNames : lbs,
    backends: backends === 'all' ? backendNames : backends,
    expose: vip.expose === undefined ? null : endpoint(vip.expose),
  }
}

function endpoint(text: string): ConfigEndpoint {
  const [address = '', port = ''] = text.split(':')
  return { address, port: Number(port) }
}

function ms(duration: string | number): number {
  return parseDuration(duration) ?? 0
}
