import { formatEndpoint, protocolName } from '@fivetuple/packet'
import { processResources } from '@fivetuple/runtime'
import type { LbConfig, LbServiceConfig, ServiceLimits } from './config.js'
import type { Drains } from './control-plane/drains.js'
import type { Redundancy } from './control-plane/drivers/redundancy.js'
import type { Routing } from './control-plane/drivers/routing.js'
import type { ServiceHealth } from './control-plane/drivers/service-health.js'
import type { LbForwarder } from './data-plane/forwarder.js'
import type { SessionInfo } from './data-plane/session-info.js'
import type { InjectedFaults } from './injected/injected-faults.js'
import type { LbLinkFaults } from './link-faults/link-faults.js'
import type { LinkDirection, LinkSide } from './link-faults/names.js'
import type { LbServiceStatus, LbStatus, PlacedVip, SessionView } from './status.js'

const NO_LIMITS: ServiceLimits = { maxSessions: null, newFlowsPerSecond: null }

/** Parts of an LB that its status is read from. */
export interface StatusParts {
  readonly config: Pick<LbConfig, 'name' | 'address' | 'bip'>
  /** By name, in the order of the configuration. */
  readonly services: ReadonlyMap<string, LbServiceConfig>
  readonly forwarder: LbForwarder
  readonly health: ServiceHealth
  readonly routing: Routing
  readonly redundancy: Redundancy | undefined
  readonly drains: Drains
  readonly uplink: { readonly isUp: boolean }
  readonly downlink: { readonly isUp: boolean }
  readonly linkFaults: LbLinkFaults
  readonly injected: InjectedFaults
}

/**
 * The status of an LB at this moment.
 * @param now ms
 */
export function lbStatus(parts: StatusParts, vips: readonly PlacedVip[], now: number): LbStatus {
  const { config, forwarder, routing, redundancy, drains, uplink, downlink, linkFaults, injected } = parts
  const { name, address, bip } = config
  const { counters } = forwarder
  return {
    name,
    address,
    bip,
    vips,
    redundancy: redundancy?.status() ?? null,
    draining: routing.draining,
    cables: { uplink: uplink.isUp, downlink: downlink.isUp },
    links: { uplink: linkStatus(linkFaults, 'uplink'), downlink: linkStatus(linkFaults, 'downlink') },
    injected: injected.status(),
    sessions: forwarder.sessionCount,
    sessionsToDrain: routing.draining ? drains.sessionsOfLb(forwarder.services, now) : forwarder.sessionCount,
    sessionsByState: forwarder.sessionsByState(),
    bgp: Object.fromEntries(routing.sessions().map(({ neighbor, state }) => [neighbor, state])),
    bfd: routing.bfdStatus(),
    packets: { fromUplink: counters.packetsFromUplink, fromDownlink: counters.packetsFromDownlink },
    bytes: { fromUplink: counters.bytesFromUplink, fromDownlink: counters.bytesFromDownlink },
    services: serviceStatus(parts, now),
    sessionsEvicted: counters.sessionsEvicted,
    connectRetries: counters.connectRetries,
    udpFlowsMoved: counters.udpFlowsMoved,
    resetsSent: counters.resetsSent,
    drops: { ...counters.drops },
    process: processResources(),
  }
}

function linkStatus(linkFaults: LbLinkFaults, side: LinkSide): LbStatus['links'][LinkSide] {
  const status = (direction: LinkDirection) => {
    const { faults, counters } = linkFaults.direction(side, direction)
    return { faults: [...faults], ...counters }
  }
  return { in: status('in'), out: status('out') }
}

/** In the order of the configuration. */
function serviceStatus({ services, forwarder, health, drains }: StatusParts, now: number): LbServiceStatus[] {
  const places = [...services.keys()]
  return [...forwarder.services]
    .sort((a, b) => places.indexOf(a.spec.name) - places.indexOf(b.spec.name))
    .map(({ spec, sessions, newFlows, isInPanic, flowsInPanic, backends }) => ({
      name: spec.name,
      policy: services.get(spec.name)!.policy,
      limits: spec.limits ?? NO_LIMITS,
      sessions,
      newFlows,
      isInPanic,
      flowsInPanic,
      backends: backends.map((backend) => ({
        name: backend.spec.name,
        weight: backend.spec.weight,
        isHealthy: backend.isHealthy,
        check: health.checkOf(spec.name, backend.spec.name),
        isDrained: backend.isDrained,
        sessions: backend.sessions,
        sessionsToDrain: drains.sessionsOf(backend, now),
        newFlows: backend.newFlows,
        connectFailures: backend.connectFailures,
      })),
    }))
}

/** A NAT session as people read it. */
export function sessionView(session: SessionInfo, bip: string): SessionView {
  return {
    protocol: protocolName(session.protocol),
    client: formatEndpoint(session.clientAddress, session.clientPort),
    vip: formatEndpoint(session.vipAddress, session.vipPort),
    bip: `${bip}:${session.natPort}`,
    backend: formatEndpoint(session.backendAddress, session.backendPort),
    state: session.state,
    ageMs: session.ageMs,
    idleMs: session.idleMs,
    packetsFromClient: session.packetsFromClient,
    packetsFromBackend: session.packetsFromBackend,
  }
}
