import type { BgpPeer, PeerError, Rib, RibNeighbor, RibRejections, SessionCounters, SessionState } from '@fivetuple/bgp'
import { formatPrefix } from '@fivetuple/packet'

/** One neighbour's session. */
export interface SpeakerSession extends Readonly<SessionCounters> {
  readonly neighbor: string
  readonly address: string
  readonly as: number
  /** Port that is dialled; null: the neighbour dials. */
  readonly port: number | null
  readonly state: SessionState
  /** Time since the last change of state, ms. */
  readonly stateMs: number
  /** Time for which the session has been established, ms; null: it is not. */
  readonly establishedMs: number | null
  /** Negotiated hold time, s; null when there is no session. */
  readonly holdTime: number | null
  /** Prefixes accepted from the neighbour. */
  readonly prefixesIn: number
  /** Prefixes announced to the neighbour. */
  readonly prefixesOut: number
  /** Announced prefixes that were refused, by cause, over all its sessions. */
  readonly refused: Readonly<RibRejections>
  readonly lastRefused: SpeakerRefusedPrefix | null
  /** The last NOTIFICATION in either direction, or the last loss of an established session. */
  readonly lastError: SpeakerError | null
  /** Failure of the last attempt at a session; null while there is a session. */
  readonly attemptError: SpeakerError | null
}

/** The end of a session or of an attempt at one. */
export interface SpeakerError {
  /** Direction of the NOTIFICATION; null: there was none. */
  readonly direction: 'sent' | 'received' | null
  /** In words. */
  readonly text: string
  /** Codes of the NOTIFICATION (RFC 4271 §4.5); null: there was none. */
  readonly code: number | null
  readonly subcode: number | null
  /** Time since then, ms. */
  readonly agoMs: number
}

/** The prefix that was refused last. */
export interface SpeakerRefusedPrefix {
  /** CIDR */
  readonly prefix: string
  readonly cause: keyof RibRejections
  /** In words. */
  readonly reason: string
  /** Time since then, ms. */
  readonly agoMs: number
}

/** Returns the status of a neighbour's session. @param now ms */
export function sessionStatus(
  { address, as, port }: Pick<SpeakerSession, 'address' | 'as' | 'port'>,
  machine: BgpPeer,
  rib: Rib,
  neighbor: RibNeighbor,
  now: number,
): SpeakerSession {
  const { established } = machine
  const refusal = rib.lastRefusal(neighbor)
  return {
    neighbor: neighbor.name,
    address,
    as,
    port,
    state: machine.state,
    stateMs: now - machine.stateSince,
    establishedMs: established === undefined ? null : now - established.since,
    holdTime: established === undefined ? null : Math.min(established.open.holdTime, machine.proposedHoldTime),
    prefixesIn: rib.prefixCount(neighbor),
    prefixesOut: established === undefined ? 0 : machine.adjRibOut.advertisedCount,
    refused: { ...rib.rejectedFrom(neighbor) },
    lastRefused:
      refusal === undefined
        ? null
        : {
            prefix: formatPrefix(refusal.prefix),
            cause: refusal.cause,
            reason: refusal.reason,
            agoMs: now - refusal.at,
          },
    ...machine.counters(),
    lastError: errorStatus(machine.lastError, now),
    attemptError: errorStatus(machine.attemptError, now),
  }
}

function errorStatus(error: PeerError | undefined, now: number): SpeakerError | null {
  if (error === undefined) return null
  const { kind, text, code, subcode, at } = error
  return { direction: kind === 'lost' ? null : kind, text, code, subcode, agoMs: now - at }
}
