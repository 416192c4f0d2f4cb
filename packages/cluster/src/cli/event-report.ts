import type { ClusterEvent } from '../launcher/events.js'

/**
 * Renders one line for people: time, seconds since the start, and the event. Returns an empty text
 * for an event that concerns only programs.
 */
export function renderEvent(event: ClusterEvent): string {
  const text = textOf(event)
  return text === undefined ? '' : `${event.at} +${(event.elapsedMs / 1_000).toFixed(3)} s  ${text}\n`
}

function textOf(event: ClusterEvent): string | undefined {
  switch (event.event) {
    case 'died': {
      const { restartInMs } = event
      const next =
        restartInMs === null ? 'stays down' : `starts again ${restartInMs === 0 ? 'at once' : `in ${restartInMs} ms`}`
      return `${event.name} ${event.how}; it ${next}`
    }
    case 'fault':
      return `fault ${event.id} ${event.change}: ${event.description}`
    case 'files':
      return event.error === null
        ? `files in ${event.directory} were removed and have been written again`
        : `files in ${event.directory} were removed and can't be written again, so commands do not find this cluster: ${event.error}`
    case 'inhibited':
      return event.inhibitors.length > 0
        ? `${event.vip} is inhibited on ${event.lb}: ${event.inhibitors.join(', ')}`
        : `${event.lb} carries ${event.vip}`
    case 'listener':
      return event.failure === null
        ? `clients can connect to ${event.vip} at ${event.listen} again, if it has a route`
        : `clients can't connect to ${event.vip}: ${event.failure.reason}`
    case 'routes':
      return `${event.vip} is routed to ${event.lbs.join(' ') || 'no LB: unreachable'}`
    default:
      return undefined
  }
}
