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

/** Returns what the client edge alone knows about a flow, as a new object. */
export function edgeFacts(row: EdgeRow): { -readonly [K in keyof FlowFacts]: FlowFacts[K] } {
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
  facts.hasLostDownlink = hasLostDownlink
  const home = row[16]
  let hasBegun = false
  for (const { lb, event } of reports) {
    if (event === SessionEvent.UNKNOWN) {
      if (lb === home) facts.isUnknownAtHome = true
      else facts.isUnknownElsewhere = true
    } else if (lb === home && (hasSession(event) || !hasBegun)) {
      facts.session = event
      hasBegun ||= hasSession(event)
    }
  }
  return facts
}
