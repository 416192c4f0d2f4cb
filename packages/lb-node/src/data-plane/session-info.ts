import type { FiveTuple } from '@fivetuple/packet'
import type { SessionTable } from './nat/session-table.js'
import { SESSION_STATE_NAMES } from './nat/tcp-tracking.js'
import type { ServiceTable } from './service-table.js'

const NONE = -1

/** One NAT session, for people. */
export interface SessionInfo {
  readonly clientAddress: number
  readonly clientPort: number
  readonly vipAddress: number
  readonly vipPort: number
  readonly protocol: number
  readonly natPort: number
  readonly backendAddress: number
  readonly backendPort: number
  readonly state: (typeof SESSION_STATE_NAMES)[number]
  readonly ageMs: number
  readonly idleMs: number
  /** modulo 2^32 */
  readonly packetsFromClient: number
  readonly packetsFromBackend: number
}

/** Reads a session's record. Costs an object: for tests and for people, not for the packet path. */
export function sessionInfo(sessions: SessionTable, session: number, now: number): SessionInfo {
  return {
    clientAddress: sessions.clientAddress(session),
    clientPort: sessions.clientPort(session),
    vipAddress: sessions.vipAddress(session),
    vipPort: sessions.vipPort(session),
    protocol: sessions.protocol(session),
    natPort: sessions.natPort(session),
    backendAddress: sessions.backendAddress(session),
    backendPort: sessions.backendPort(session),
    state: SESSION_STATE_NAMES[sessions.state(session)],
    ageMs: sessions.ageMs(session, now),
    idleMs: sessions.idleMs(session, now),
    packetsFromClient: sessions.packetsFromClient(session),
    packetsFromBackend: sessions.packetsFromBackend(session),
  }
}

/**
 * The session that packets of a five-tuple belong to, or -1: client to VIP, backend to BIP, or the
 * way back of either.
 */
export function findSession(sessions: SessionTable, services: ServiceTable, bip: number, t: FiveTuple): number {
  const { sourceAddress, destinationAddress, sourcePort, destinationPort, protocol } = t
  let session = sessions.find(sourceAddress, destinationAddress, sourcePort, destinationPort, protocol)
  if (session === NONE)
    session = sessions.find(destinationAddress, sourceAddress, destinationPort, sourcePort, protocol)
  if (session === NONE && destinationAddress === bip)
    session = services.sessionOf(sourceAddress, sourcePort, destinationPort, protocol)
  if (session === NONE && sourceAddress === bip)
    session = services.sessionOf(destinationAddress, destinationPort, sourcePort, protocol)
  return session
}
