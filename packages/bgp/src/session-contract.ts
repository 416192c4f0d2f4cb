import type { BgpError } from './errors.js'
import type { Open } from './open.js'
import type { SessionEnd } from './session-end.js'
import type { SessionState } from './transitions.js'
import type { Update } from './update.js'

/** Configuration of a session, fixed for its life. */
export interface SessionConfig {
  readonly localAs: number
  /** Our BGP identifier, 32 bits, not 0. */
  readonly routerId: number
  readonly peerAs: number
  /** Proposed hold time, seconds: 0 (none) or 3 to 65,535. */
  readonly holdTime: number
  /** True if it waits for the peer to dial and never dials itself. */
  readonly passive: boolean
  /** First and longest pause between attempts, ms; it doubles from one to the other. */
  readonly retryFirstMs: number
  readonly retryMaxMs: number
  /** Source of jitter: numbers of at least 0 and below 1. */
  readonly random: () => number
}

export type SessionInput =
  | { readonly type: 'start' }
  /** Starts after a pause, since an error has just occurred. */
  | { readonly type: 'resume' }
  /**
   * Ends the session with Cease and this subcode (RFC 4486). It stays idle until the next start.
   */
  | { readonly type: 'stop'; readonly subcode: number; readonly reason?: string }
  /**
   * Ends the session without a NOTIFICATION, which would not arrive. It stays idle until the next
   * start.
   */
  | { readonly type: 'cut' }
  /** A connection is up: the requested one, or the peer's. */
  | { readonly type: 'connected' }
  /** The connection, or the attempt at one, has ended. */
  | { readonly type: 'transport-lost'; readonly reason: string }
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  /** The peer does not read: bytes sent from now on are queued. */
  | { readonly type: 'blocked' }
  | { readonly type: 'unblocked' }
  /** UPDATE messages to send, only while established. */
  | { readonly type: 'updates'; readonly messages: readonly Uint8Array[] }
  /** The other connection to the same peer is kept (RFC 4271 §6.8). */
  | { readonly type: 'collision' }
  /** While muted, neither KEEPALIVE nor UPDATE is sent: the peer's hold timer expires. */
  | { readonly type: 'mute'; readonly isMuted: boolean }
  /** The owner has found the peer's routes unacceptable. */
  | { readonly type: 'reject'; readonly error: BgpError }
  | { readonly type: 'timeout' }

export type SessionOutput =
  | { readonly type: 'connect' }
  | { readonly type: 'disconnect' }
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  /** The peer's OPEN has been accepted: time to detect a collision. */
  | { readonly type: 'open'; readonly open: Open }
  | { readonly type: 'established'; readonly open: Open }
  | { readonly type: 'update'; readonly update: Update }
  /** The peer requests all routes again (RFC 2918). */
  | { readonly type: 'refresh' }
  /**
   * A connection, or the attempt at one, has ended. If the session was established, its routes are
   * void.
   */
  | { readonly type: 'ended'; readonly end: SessionEnd; readonly wasEstablished: boolean }
  | { readonly type: 'state'; readonly state: SessionState; readonly reason: string }

/** Counters of one session over all its connections. */
export interface SessionCounters {
  messagesIn: number
  messagesOut: number
  updatesIn: number
  updatesOut: number
  /** UPDATEs whose routes counted as withdrawn because of a malformed attribute (RFC 7606). */
  updateFaults: number
  notificationsIn: number
  notificationsOut: number
}
