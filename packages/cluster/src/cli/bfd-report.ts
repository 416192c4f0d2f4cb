import type { ClusterStatus } from '../operations/status-schemas.js'
import { age } from './age.js'
import { counters } from './counters.js'
import { table } from './table.js'

type BfdStatus = ClusterStatus['switches'][string]['bfd']
type Session = BfdStatus['sessions'][number]

/**
 * Renders the BFD sessions of a switch or an LB: a table, then what the counters show beyond it.
 * Empty without sessions.
 */
export function renderBfd(bfd: BfdStatus, indent: string): string {
  if (bfd.sessions.length === 0) return ''
  const rows = table(
    [
      ['BFD', 'STATE', 'REMOTE', 'PATH', 'FOR', 'SENDS', 'DETECTS', 'DOWNS', 'EXCUSED', 'DIAGNOSTIC', 'LAST DOWN'],
      ...bfd.sessions.map((session) => [
        session.neighbor,
        session.state,
        session.remoteState,
        session.path,
        age(session.stateMs),
        session.transmitIntervalMs === null ? '-' : `${session.transmitIntervalMs}ms`,
        session.detectionTimeMs === 0 ? '-' : `${session.detectionTimeMs}ms`,
        session.downs,
        session.excusedLags,
        session.diagnostic === NO_DIAGNOSTIC ? '-' : session.diagnostic,
        lastDown(session),
      ]),
    ],
    indent,
  )
  return rows + [...bfd.sessions.flatMap(remarks), ...strangers(bfd)].map((line) => `${indent}${line}\n`).join('')
}

/** Words of RFC 5880 §4.1 for the code 0. */
const NO_DIAGNOSTIC = 'no diagnostic'

function lastDown({ lastDown: last }: Session): string {
  return last === null ? '-' : `${last.reason}, ${age(last.agoMs)} ago`
}

/** Renders refused Demand mode and discarded packets of a session. */
function remarks({ neighbor, demandRefused, discarded, finalsSuppressed }: Session): string[] {
  const { 'admin-down': _, 'no-carrier': __, ...faulty } = discarded // packets that cross a change of state
  const lines: string[] = []
  if (demandRefused > 0) lines.push(`${neighbor}: Demand mode was refused ${demandRefused} times: switch it off there`)
  if (Object.values(faulty).some((count) => count > 0))
    lines.push(`${neighbor}: packets discarded: ${counters(faulty)}`)
  if (finalsSuppressed > 0) lines.push(`${neighbor}: Polls beyond the limit: ${finalsSuppressed}`)
  return lines
}

function strangers({ isAddressShared, unknownPeers, unknownDiscriminators, lags, longestLagMs }: BfdStatus): string[] {
  const lines: string[] = []
  if (isAddressShared) lines.push('another program has a port of BFD at all addresses')
  if (unknownPeers > 0) lines.push(`BFD packets from addresses of no neighbour: ${unknownPeers}`)
  if (unknownDiscriminators > 0) lines.push(`BFD packets for no session: ${unknownDiscriminators}`)
  if (lags > 0) lines.push(`delays of this process of 20 ms or more: ${lags}, the longest ${longestLagMs} ms`)
  return lines
}
