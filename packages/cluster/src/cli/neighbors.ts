import type { ClusterStatus } from '../operations/status-schemas.js'
import { age } from './age.js'
import { table } from './table.js'

type SwitchStatus = ClusterStatus['switches'][string]
type Session = SwitchStatus['sessions'][number]

/** Causes of refused prefixes, in the words of the table. */
const CAUSES: Readonly<Record<keyof Session['refused'], string>> = {
  notAllowed: 'not allowed',
  firstAs: 'first AS',
  loop: 'AS loop',
  malformed: 'malformed',
  overLimit: 'over limit',
}

/**
 * Renders the BGP neighbours of a switch: a table, then the problems of external neighbours, then
 * refused connections.
 */
export function renderNeighbors({ sessions, bgpRefusals }: Pick<SwitchStatus, 'sessions' | 'bgpRefusals'>): string {
  const rows = table(
    [
      ['NEIGHBOR', 'ADDRESS', 'AS', 'STATE', 'SINCE', 'HOLD', 'ACCEPTED', 'SENT', 'REFUSED', 'LAST ERROR'],
      ...sessions.map((session) => [
        session.neighbor,
        session.address,
        session.as,
        session.state,
        age(session.stateMs),
        session.holdTime === null ? '-' : `${session.holdTime}s`,
        session.prefixesIn,
        session.prefixesOut,
        refusedPrefixes(session),
        lastError(session),
      ]),
    ],
    '  ',
  )
  return rows + [...sessions.flatMap(details), ...refusedConnections(bgpRefusals)].map((line) => `  ${line}\n`).join('')
}

function refusedPrefixes({ refused }: Session): string {
  const causes = (Object.keys(CAUSES) as (keyof typeof CAUSES)[]).filter((cause) => refused[cause] > 0)
  return causes.map((cause) => `${CAUSES[cause]} ${refused[cause]}`).join(', ') || '-'
}

function lastError({ lastError: error }: Session): string {
  if (error === null) return '-'
  const what = error.direction === null ? error.text : `${error.direction} ${error.text}`
  return `${what}, ${age(error.agoMs)} ago (${error.at})`
}

/**
 * Renders the problems of an external neighbour: why attempts fail, what was refused last, and the
 * remedies.
 */
function details({ neighbor, portId, attemptError, lastRefused, remedy }: Session): string[] {
  if (portId !== null) return []
  return [
    ...(attemptError === null
      ? []
      : [`${neighbor}: last attempt failed ${age(attemptError.agoMs)} ago: ${attemptError.text}`]),
    ...(lastRefused === null
      ? []
      : [`${neighbor}: ${lastRefused.prefix} was refused ${age(lastRefused.agoMs)} ago: ${lastRefused.reason}`]),
    ...(remedy === null ? [] : [`${neighbor}: ${remedy}`]),
  ]
}

function refusedConnections({ recentConnections }: SwitchStatus['bgpRefusals']): string[] {
  return recentConnections.map(({ address, neighbor, reason, count, agoMs }) => {
    const who = neighbor === null ? address : `${address} (${neighbor})`
    return `refused ${count} connection${count === 1 ? '' : 's'} from ${who}, the last one ${age(agoMs)} ago: ${reason}`
  })
}
