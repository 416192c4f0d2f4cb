import { CeaseSubcode, ErrorCode } from './constants.js'
import type { BgpError } from './errors.js'
import type { Notification } from './notification.js'
import { formatNotification, notificationDetail } from './notification-text.js'

/**
 * Detector that ended a session. `transport`: the TCP connection is gone. `peer`: a NOTIFICATION of
 * the neighbour. `local`: this speaker, for any other reason.
 */
export type SessionDetector = 'carrier' | 'bfd' | 'hold-timer' | 'transport' | 'peer' | 'local'

/** Reason for the end of a connection, or of an attempt at one. */
export interface SessionEnd {
  /** Direction of the NOTIFICATION, or `lost` if the connection ended without one. */
  readonly kind: 'sent' | 'received' | 'lost'
  readonly detector: SessionDetector
  /** In words. */
  readonly text: string
  /** Codes of the NOTIFICATION (RFC 4271 §4.5); null if there was none. */
  readonly code: number | null
  readonly subcode: number | null
}

/** Returns the end by a NOTIFICATION that we sent. */
export function sentEnd({ code, subcode, message }: BgpError): SessionEnd {
  const text = joined(formatNotification(code, subcode), message)
  return { kind: 'sent', detector: sentBy(code, subcode), text, code, subcode }
}

/** Returns the end by a NOTIFICATION of the peer. */
export function receivedEnd(notification: Notification): SessionEnd {
  const { code, subcode } = notification
  const text = joined(formatNotification(code, subcode), notificationDetail(notification))
  return { kind: 'received', detector: isBfdDown(code, subcode) ? 'bfd' : 'peer', text, code, subcode }
}

/** Returns the end without a NOTIFICATION. */
export function lostEnd(text: string, detector: SessionDetector = 'transport'): SessionEnd {
  return { kind: 'lost', detector, text, code: null, subcode: null }
}

/**
 * Returns true if the other connection to the same peer is kept instead (RFC 4271 §6.8), which is
 * no error.
 */
export function isCollision({ code, subcode }: SessionEnd): boolean {
  return code === ErrorCode.CEASE && subcode === CeaseSubcode.CONNECTION_COLLISION
}

/**
 * Formats the end of a connection in one line.
 * @example 'received Cease, administrative shutdown (6/2): "maintenance"'
 */
export function formatSessionEnd({ kind, text }: SessionEnd): string {
  return kind === 'lost' ? text : `${kind} ${text}`
}

function sentBy(code: number, subcode: number): SessionDetector {
  if (code === ErrorCode.HOLD_TIMER_EXPIRED || code === ErrorCode.SEND_HOLD_TIMER_EXPIRED) return 'hold-timer'
  return isBfdDown(code, subcode) ? 'bfd' : 'local'
}

/** True for a Cease because of BFD (RFC 9384). */
function isBfdDown(code: number, subcode: number): boolean {
  return code === ErrorCode.CEASE && subcode === CeaseSubcode.BFD_DOWN
}

function joined(what: string, detail: string | undefined): string {
  return detail === undefined ? what : `${what}: ${detail}`
}
