import { OUTCOME_NAMES } from '@fivetuple/flow-records'
import type { Output } from '../operations/command.js'
import type { ClusterStatus } from '../operations/status-schemas.js'
import { renderBfd } from './bfd-report.js'
import { counters } from './counters.js'
import { renderLinkFaults } from './link-faults.js'
import { renderNeighbors } from './neighbors.js'
import { table } from './table.js'

/** Output of `fivetuple status`. */
export const statusOutput: Output<ClusterStatus, never> = { text: (status) => render(status) }

function render(cluster: ClusterStatus): string {
  const parts = [
    `cluster ${cluster.name} in ${cluster.block}\n`,
    renderVips(cluster),
    renderLbs(cluster),
    ...renderOutcomes(cluster),
  ]
  const linkFaults = renderLinkFaults(cluster)
  if (linkFaults !== undefined) parts.push(linkFaults)
  const unhealthy = unhealthyBackends(cluster)
  if (unhealthy.length > 0) parts.push(renderUnhealthy(unhealthy))
  for (const { name } of cluster.roles) {
    const node = cluster.switches[name]
    if (node !== undefined) parts.push(renderSwitch(node))
  }
  parts.push(renderRoles(cluster))
  for (const { name, reason } of cluster.unreachable) parts.push(`! ${name}: ${reason}\n`)
  return parts.join('\n')
}

interface UnhealthyBackend {
  readonly vip: string
  readonly backend: string
  readonly reason: string
  /** LBs that agree on the state and its reason. */
  readonly lbs: string[]
}

/** Returns the backends that checks have found unhealthy, per VIP and reason. */
function unhealthyBackends({ lbs }: ClusterStatus): UnhealthyBackend[] {
  const found = new Map<string, UnhealthyBackend>()
  for (const { name: lb, services } of Object.values(lbs))
    for (const { name: vip, backends } of services)
      for (const { name: backend, isHealthy, check } of backends) {
        if (isHealthy) continue
        const reason = check?.lastFailure ?? 'unknown'
        const key = JSON.stringify([vip, backend, reason])
        const entry = found.get(key) ?? { vip, backend, reason, lbs: [] }
        entry.lbs.push(lb)
        found.set(key, entry)
      }
  return [...found.values()]
}

function renderUnhealthy(backends: readonly UnhealthyBackend[]): string {
  return table([
    ['VIP', 'UNHEALTHY BACKEND', 'REASON', 'ON'],
    ...backends.map(({ vip, backend, reason, lbs }) => [vip, backend, reason, lbs.join(' ')]),
  ])
}

function renderVips(cluster: ClusterStatus): string {
  const { vips, lbs } = cluster
  const failures = vips.flatMap(({ name, listenFailure }) =>
    listenFailure === null
      ? []
      : [`! clients can't connect to ${name}: ${listenFailure.reason}; it is tried again every second\n`],
  )
  const services = table([
    ['VIP', 'SERVICE', 'CLIENTS CONNECT TO', 'ROUTED TO'],
    ...vips.map((vip) => [
      vip.name,
      `${vip.protocol} ${vip.address}:${vip.port}`,
      vip.listenFailure === null ? vip.listen : `${vip.listen} (${vip.listenFailure.code})`,
      vip.routedTo.map((lb) => marked(lb, lbs[lb]?.draining)).join(' ') || 'no LB: unreachable',
    ]),
  ])
  return services + [...failures, ...panics(cluster)].join('')
}

/** Renders the name of an LB, with a mark if it drains. */
function marked(lb: string, isDraining = false): string {
  return isDraining ? `${lb} (drains)` : lb
}

/** Renders the LBs on which a VIP is in panic mode, one line per VIP. */
function panics({ vips, lbs }: ClusterStatus): string[] {
  return vips.flatMap(({ name }) => {
    const where = Object.values(lbs)
      .filter(({ services }) => services.some((service) => service.name === name && service.isInPanic))
      .map((lb) => lb.name)
    const on = where.join(' ')
    return where.length === 0
      ? []
      : [`! ${name} is in panic mode on ${on}: too few backends are healthy, so new flows go to all of them\n`]
  })
}

function renderLbs({ lbs, roles }: ClusterStatus): string {
  const unreachable = roles.filter(({ name, kind }) => kind === 'lb' && lbs[name] === undefined)
  return table([
    ['LB', 'BIP', 'TO UPLINK', 'TO DOWNLINK', 'SESSIONS', 'NEW FLOWS', 'PKTS UP>DOWN', 'PKTS DOWN>UP', 'DROPS'],
    ...Object.values(lbs).map((lb) => [
      marked(lb.name, lb.draining),
      lb.bip,
      linkOf(lb, 'uplink'),
      linkOf(lb, 'downlink'),
      lb.sessions,
      sum(lb.services.map(({ newFlows }) => newFlows)),
      lb.packets.fromUplink,
      lb.packets.fromDownlink,
      counters(lb.drops),
    ]),
    ...unreachable.map(({ name, state }) => [name, '-', SILENT_STATES[state] ?? state]),
  ])
}

/** Renders flows per outcome, of each VIP and of each LB; nothing before the first flow. */
function renderOutcomes({ vips, outcomes: perLb }: ClusterStatus): string[] {
  const counted = [
    ...vips.map(({ name, outcomes }) => ({ name, outcomes })),
    ...Object.entries(perLb).map(([name, outcomes]) => ({ name, outcomes })),
  ].filter(({ outcomes }) => Object.values(outcomes).some((flows) => flows > 0))
  const shown = OUTCOME_NAMES.filter((outcome) => counted.some(({ outcomes }) => outcomes[outcome] > 0))
  if (counted.length === 0) return []
  return [
    table([
      ['FLOWS OF', ...shown.map((outcome) => outcome.toUpperCase())],
      ...counted.map(({ name, outcomes }) => [name, ...shown.map((outcome) => outcomes[outcome])]),
    ]),
  ]
}

/**
 * Renders the carrier of an LB's cable to a switch, the state of its BGP session with it, and the
 * path if BFD finds that it has failed.
 */
function linkOf({ cables, bgp, bfd }: ClusterStatus['lbs'][string], side: 'uplink' | 'downlink'): string {
  const isFailed = bfd.sessions.some(({ neighbor, path }) => neighbor === side && path === 'failed')
  return `${cables[side] ? 'carrier' : 'no carrier'}, ${bgp[side]}${isFailed ? ', path failed' : ''}`
}

/** Number of routes of external neighbours that are shown; there may be thousands. */
const EXTERNAL_ROUTES_MAX = 20

function renderSwitch(node: ClusterStatus['switches'][string]): string {
  const isExternal = ({ nextHops }: (typeof node.routes)[number]): boolean =>
    nextHops.every(({ port }) => port === null)
  const external = node.routes.filter(isExternal)
  const shownExternal = external.slice(0, EXTERNAL_ROUTES_MAX)
  const shown = [...node.routes.filter((route) => !isExternal(route)), ...shownExternal]
  const { selection, hash, seed, buckets } = node.ecmp
  const how = selection === 'resilient' ? `resilient (${buckets} buckets)` : selection
  const ports = table(
    [
      ['PORT', 'TO', 'CARRIER', 'PKTS IN', 'BYTES IN', 'PKTS OUT', 'BYTES OUT'],
      ...node.ports.map((p) => [p.id, p.peer, carrier(p), p.packetsIn, p.bytesIn, p.packetsOut, p.bytesOut]),
    ],
    '  ',
  )
  const routes = table(
    [
      ['PREFIX', 'FROM', 'COST', 'AGE', 'NEXT HOPS'],
      ...shown.map((route) => [
        route.prefix,
        route.origin,
        route.cost,
        `${Math.round(route.ageMs / 1000)}s`,
        route.nextHops
          .map(({ via, port, isDraining }) =>
            port === null ? `${via} (no port)` : isDraining ? `${via} (drains)` : via,
          )
          .join(' '),
      ]),
    ],
    '  ',
  )
  const drops = counters(node.drops)
  const hidden = external.length - shownExternal.length
  const more = hidden > 0 ? `  and ${hidden} more of external neighbours: see --json\n` : ''
  const cards = node.cards.length > 0 ? [renderCards(node.cards)] : []
  const sessions = [renderNeighbors(node), renderBfd(node.bfd, '  ')].filter((part) => part !== '')
  const parts = [ports, ...cards, routes + more, ...sessions].join('\n')
  return `${node.name} (${node.role} switch, ${how} over ${hash} seed ${seed}): ${node.flows} ${node.flows === 1 ? 'flow' : 'flows'}${room(node)}, drops: ${drops}\n${parts}`
}

/** Renders the room for flows; health checks have room of their own. */
function room({ role, budgets: { tcp, udp, checks } }: ClusterStatus['switches'][string]): string {
  return role === 'uplink' ? ` of ${tcp}` : ` (at most ${tcp} TCP, ${udp} UDP, ${checks} of checks)`
}

function renderCards(cards: ClusterStatus['switches'][string]['cards']): string {
  return table(
    [
      ['CARD', 'PID', 'STATE', 'RESTARTS', 'MEMBER LINKS', 'FLOWS', 'PKTS IN', 'ROUTE TABLE'],
      ...cards.map((c) => [
        c.card,
        c.pid,
        c.state,
        c.restarts,
        c.memberLinksUp,
        c.flows,
        c.packetsIn,
        `v${c.fibVersion}`,
      ]),
    ],
    '  ',
  )
}

function renderRoles({ roles }: ClusterStatus): string {
  return table([
    ['PROCESS', 'PID', 'STATE', 'RESTARTS'],
    ...roles.map(({ name, pid, state, cpuShare, restarts }) => {
      const limit = cpuShare === null ? '' : ` (CPU ${Math.round(cpuShare * 1_000) / 10} %)`
      return [name, pid, `${ROLE_STATES[state] ?? state}${limit}`, restarts]
    }),
  ])
}

/** States that are injected, with their cause. */
const ROLE_STATES: Readonly<Record<string, string>> = { paused: 'paused (SIGSTOP)', 'kept-stopped': 'kept stopped' }

/** States of an LB that does not respond. */
const SILENT_STATES: Readonly<Record<string, string>> = { ...ROLE_STATES, running: 'unreachable' }

function carrier({ up, isAdminDown }: { readonly up: boolean; readonly isAdminDown: boolean }): string {
  return isAdminDown ? 'admin down' : up ? 'up' : 'down'
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}
