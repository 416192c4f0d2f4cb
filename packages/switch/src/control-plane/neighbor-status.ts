import type { SpeakerError, SpeakerSession } from '@fivetuple/speaker'
import type { SwitchConfig, SwitchNeighborConfig } from '../config.js'
import type { BgpErrorStatus, BgpSessionStatus } from '../status.js'
import { neighborRemedy } from './neighbor-remedy.js'

/**
 * A neighbour of a switch as the switch's status shows it.
 * @param now wall-clock time, ms since 1970
 */
export function neighborStatus(
  session: SpeakerSession,
  { portId, exports }: SwitchNeighborConfig,
  { address, bgp }: SwitchConfig,
  now: number,
): BgpSessionStatus {
  return {
    ...session,
    portId,
    exports,
    lastError: dated(session.lastError, now),
    attemptError: dated(session.attemptError, now),
    remedy: portId === null ? neighborRemedy(session, { address, port: bgp.port, as: bgp.as }) : null,
  }
}

function dated(error: SpeakerError | null, now: number): BgpErrorStatus | null {
  return error === null ? null : { ...error, at: new Date(now - error.agoMs).toISOString() }
}
