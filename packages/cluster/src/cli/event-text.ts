import type { StreamedEvent } from '../launcher/events/event.js'

/** Describes an event in a sentence without a full stop. */
export function eventText(event: StreamedEvent): string {
  switch (event.kind) {
    case 'link.up':
      return `link of ${event.lb} to ${event.side} has carrier`
    case 'link.down':
      return `link of ${event.lb} to ${event.side} has lost carrier: ${event.reason}`
    case 'bfd.up':
      return `BFD session with ${event.neighbor} is up: the path works`
    case 'bfd.down':
      return `BFD session with ${event.neighbor} is down: ${event.reason}`
    case 'bgp.up':
      return `BGP session with ${event.neighbor} is established`
    case 'bgp.down':
      return `BGP session with ${event.neighbor} is down (${event.detector}): ${event.reason}`
    case 'route.changed':
      return `${namesOf(event)} ${isAre(event)} routed to ${event.after.join(' ') || 'no LB: unreachable'}`
    case 'route.drained':
      return `${namesOf(event)}: ${event.draining.length > 0 ? `${event.draining.join(' ')} drain${event.draining.length === 1 ? 's' : ''}` : 'no LB drains'}`
    case 'vip.announced':
      return `${event.node} carries ${vipOf(event)}`
    case 'vip.withdrawn':
      return `${event.node} carries ${vipOf(event)} no longer`
    case 'vip.inhibited':
      return `${vipOf(event)} is inhibited on ${event.node}: ${event.inhibitors.join(', ')}`
    case 'backend.healthy':
      return `${event.backend} of ${event.service} is healthy: ${event.reason}`
    case 'backend.unhealthy':
      return `${event.backend} of ${event.service} is unhealthy: ${event.reason}`
    case 'drain.started':
      return `${event.of} drains: ${count(event.sessions, 'session')}`
    case 'drain.progress':
      return `${event.of} drains: ${count(event.sessions, 'session')} left`
    case 'drain.finished':
      return `${event.of} is drained: no session is left`
    case 'drain.ended':
      return `${event.of} takes new flows again`
    case 'flows.rehashed':
      return `${count(event.flows, 'flow')} rehashed: ${event.moves.map(({ from, to, flows }) => `${flows} from ${from} to ${to ?? 'nowhere'}`).join(', ')}`
    case 'flows.reset':
      return `${count(event.flows, 'flow')} broken: ${event.outcomes.map(({ lb, outcome, flows }) => `${flows} of ${lb} ${outcome}`).join(', ')}`
    case 'flows.unknown':
      return `${count(event.flows, 'flow')} reset, since there is no session of ${event.flows === 1 ? 'it' : 'them'}`
    case 'reports.dropped':
      return `${count(event.count, 'report')} dropped`
    case 'warning':
      return `warning: ${event.path} ${event.problem}: ${event.remedy}`
    case 'ready':
      return `the cluster is ready in ${event.block}`
    case 'stopping':
      return 'the cluster is being stopped'
    case 'stopped':
      return 'the cluster has stopped'
    case 'operation':
      return `${event.operation} by ${event.author}${parametersText(event.parameters)}`
    case 'operation.failed':
      return `${event.operation} failed: ${event.reason}`
    case 'role.started':
      return `${event.node} is started (pid ${event.pid})`
    case 'role.ready':
      return `${event.node} is ready`
    case 'role.failed':
      return `${event.node} can't start: ${event.reason}`
    case 'role.exited':
      return `${event.node} ${event.how}; it ${nextStart(event.restartInMs)}`
    case 'fault.injected':
    case 'fault.failed':
    case 'fault.cleared':
    case 'fault.ended':
    case 'fault.vanished':
    case 'fault.overdue':
      return `fault ${event.fault} ${event.kind.slice('fault.'.length)}: ${event.description}`
    case 'listener.failed':
      return `clients can't connect to ${event.vip}: ${event.failure.reason}`
    case 'listener.restored':
      return `clients can connect to ${event.vip} at ${event.listen} again, if it has a route`
    case 'files.removed':
      return event.error === null
        ? `files in ${event.directory} were removed and have been written again`
        : `files in ${event.directory} were removed and can't be written again, so commands do not find this cluster: ${event.error}`
    case 'gap':
      return `${count(event.missed, 'event')} missing: the log no longer has ${event.missed === 1 ? 'it' : 'them'}`
  }
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** VIPs of prefixes, or the prefixes where there is no VIP. */
function namesOf({ vips = [], prefixes, prefixCount }: RouteEvent): string {
  const names = vips.length > 0 ? vips : prefixes
  return prefixCount > prefixes.length
    ? `${names.join(' ')} and ${prefixCount - prefixes.length} more`
    : names.join(' ')
}

function isAre({ vips = [], prefixCount }: RouteEvent): string {
  return Math.max(vips.length, prefixCount) > 1 ? 'are' : 'is'
}

interface RouteEvent {
  readonly vips?: readonly string[]
  readonly prefixes: readonly string[]
  readonly prefixCount: number
}

function vipOf({ vips = [], address }: { readonly vips?: readonly string[]; readonly address: string }): string {
  return vips.join(' ') || address
}

function nextStart(restartInMs: number | null): string {
  if (restartInMs === null) return 'stays down'
  return `starts again ${restartInMs === 0 ? 'at once' : `in ${restartInMs} ms`}`
}

function parametersText(parameters: Readonly<Record<string, string>>): string {
  const entries = Object.entries(parameters).map(([name, value]) => `${name}=${value}`)
  return entries.length === 0 ? '' : `: ${entries.join(' ')}`
}
