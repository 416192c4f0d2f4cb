import { IpProtocol } from '@fivetuple/packet'
import type { FlowFacts } from './decide-outcome.js'
import { NO_HOP } from './edge-flow.js'
import type { EdgeRow } from './edge-row.js'
import { hasSession, SessionEvent } from './session-row.js'

/** Report of one LB about one flow. */
export interface LbReport {
  /** Port of the LB. */
  readonly lb: number
  readonly event: SessionEvent
}

/** Returns what the client edge alone knows about a flow. */
export function edgeFacts(row: EdgeRow): FlowFacts {
  const [, protocol, , , , , , , , , bytesToClient, sinceChange, end, fate, , , home, isEstablished, , changes] = row
  const port = changes.length > 0 ? changes[changes.length - 2]! : home
  return {
    isTcp: protocol === IpProtocol.TCP,
    end,
    isEstablished: isEstablished === 1,
    fate,
    hasRoute: port !== NO_HOP,
    hasResponse: bytesToClient > 0,
    hasSentSince: (sinceChange & 1) !== 0,
    hasHeardSince: (sinceChange & 2) !== 0,
    session: undefined,
    isUnknownAtHome: false,
    isUnknownElsewhere: false,
    hasLostDownlink: false,
  }
}

/** Returns what the client edge and the LBs know about a flow. */
export function flowFacts(row: EdgeRow, reports: readonly LbReport[], hasLostDownlink: boolean): FlowFacts {
  const facts = edgeFacts(row)
  const home = row[16]
  const atHome = reports.filter(({ lb }) => lb === home)
  const isUnknown = ({ event }: LbReport): boolean => event === SessionEvent.UNKNOWN
  const session = atHome.findLast(({ event }) => hasSession(event)) ?? atHome.findLast((report) => !isUnknown(report))
  return {
    ...facts,
    session: session?.event,
    isUnknownAtHome: atHome.some(isUnknown),
    isUnknownElsewhere: reports.some((report) => report.lb !== home && isUnknown(report)),
    hasLostDownlink,
  }
}
