import { EdgeEnd, HopFate } from './edge-flow.js'
import type { Outcome } from './outcomes.js'
import { SessionEvent } from './session-row.js'

/** Facts about a flow that decide its outcome. */
export interface FlowFacts {
  readonly isTcp: boolean
  readonly end: EdgeEnd
  /** TCP: the handshake was completed. */
  readonly isEstablished: boolean
  readonly fate: HopFate
  /** False: its edge has no next hop for it at the end. */
  readonly hasRoute: boolean
  /** Bytes have come from the fabric at all. */
  readonly hasResponse: boolean
  /** Bytes have gone to the fabric, and come from it, since the last change of the next hop. */
  readonly hasSentSince: boolean
  readonly hasHeardSince: boolean
  /** Last report of its home about its session; undefined: there is none, or it was lost. */
  readonly session: SessionEvent | undefined
  /** An LB has had a packet of it without a session: its home, or another one. */
  readonly isUnknownAtHome: boolean
  readonly isUnknownElsewhere: boolean
  /** A process of the downlink switch has ended during the life of the flow. */
  readonly hasLostDownlink: boolean
}

/**
 * Decides the outcome of a flow by what its edge and its LB have reported. The edge alone suffices
 * if the LB is gone. Pure.
 */
export function decideOutcome(facts: FlowFacts): Outcome {
  const { end, isTcp } = facts
  if (end === EdgeEnd.OPEN) return 'open'
  if (end === EdgeEnd.STOPPED || end === EdgeEnd.VANISHED) return 'lost-with-its-switch'
  if (end === EdgeEnd.NO_ROOM) return 'refused'
  if (!isTcp) return udpOutcome(facts)
  if (end === EdgeEnd.CLOSED) return facts.fate === HopFate.KEPT ? 'completed' : 'survived'
  return facts.isEstablished ? brokenOutcome(facts) : unopenedOutcome(facts)
}

/** A TCP flow that ended before the handshake was complete. */
function unopenedOutcome({ end, hasRoute }: FlowFacts): Outcome {
  if (end === EdgeEnd.ABORTED) return 'reset-by-client'
  if (!hasRoute) return 'no-route'
  return end === EdgeEnd.TIMEOUT ? 'timed-out' : 'refused'
}

/** An established TCP flow that ended otherwise than by both FINs. */
function brokenOutcome(facts: FlowFacts): Outcome {
  const { end, fate, session } = facts
  // Its session is not where its packets go: this is the reason, whichever end notices it first.
  if (fate === HopFate.GONE) return 'lost-with-its-lb'
  if (fate === HopFate.AWAY) return 'broken-by-rehash'
  if (end === EdgeEnd.ABORTED) return 'reset-by-client'
  if (session === SessionEvent.RESET_BY_BACKEND)
    return facts.hasLostDownlink ? 'lost-with-its-switch' : 'reset-by-backend'
  // The home has returned without the session, or the session would have been used.
  if (fate === HopFate.RESTORED) return 'lost-with-its-lb'
  if (facts.isUnknownElsewhere) return 'broken-by-rehash'
  if (session === SessionEvent.EXPIRED || session === SessionEvent.EVICTED) return 'idle-expired'
  if (facts.hasLostDownlink) return 'lost-with-its-switch'
  // An LB that does not know a flow of its own has been restarted in between.
  if (facts.isUnknownAtHome) return 'lost-with-its-lb'
  return end === EdgeEnd.TIMEOUT ? 'timed-out' : 'reset-by-backend'
}

/** A UDP flow has no end: it is idle, and what happened before decides. */
function udpOutcome({ fate, hasRoute, hasResponse, hasSentSince, hasHeardSince, session }: FlowFacts): Outcome {
  if (fate !== HopFate.KEPT) {
    if (hasHeardSince) return 'survived'
    if (hasSentSince)
      return fate === HopFate.GONE || fate === HopFate.RESTORED ? 'lost-with-its-lb' : 'broken-by-rehash'
  }
  if (hasResponse) return 'idle-expired'
  if (session === SessionEvent.TURNED_AWAY) return 'refused'
  return hasRoute ? 'timed-out' : 'no-route'
}
