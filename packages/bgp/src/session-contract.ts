import type { BgpError } from './errors.js'
import type { Open } from './open.js'
import type { SessionEnd } from './session-end.js'
import type { SessionState } from './transitions.js'
import type { Update } from './update.js'

/** What a session needs to know; all of it is fixed for its life. */
export interface SessionConfig {
  readonly localAs: number
  /** Our BGP identifier, 32 bits, not 0. */
  readonly routerId: number
  readonly peerAs: number
  /** Proposed hold time, seconds: 0 (none) or 3 to 65,535. */
  readonly holdTime: number
  /** Waits for the peer to dial and never dials itself. */
  readonly passive: boolean
  /** First and longest pause between attempts, ms; it doubles from one to the other. */
  readonly retryFirstMs: number
  readonly retryMaxMs: number
  /** Source of jitter: numbers of at least 0 and below 1. */
  readonly random: () => number
}

export type SessionInput =
  | { readonly type: 'start' }
  /** Like start, but only after a pause: something has just gone wrong. */
  | { readonly type: 'resume' }
  /**
   * Ends the session with Cease and the given subcode (RFC 4486); stays idle until the next start.
   */
  | { readonly type: 'stop'; readonly subcode: number }
  /**
   * Ends the session without a word, since none would get through; stays idle until the next start.
   */
  | { readonly type: 'cut' }
  /** A connection is up: the one that was asked for, or the peer's. */
  | { readonly type: 'connected' }
  /** The connection, or the attempt at one, is gone. */
  | { readonly type: 'transport-lost'; readonly reason: string }
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  /** The peer does not read: what is sent from now on queues up. */
  | { readonly type: 'blocked' }
  | { readonly type: 'unblocked' }
  /** UPDATE messages to send; only while established. */
  | { readonly type: 'updates'; readonly messages: readonly Uint8Array[] }
  /** The other connection to the same peer is the one to keep (RFC 4271 §6.8). */
  | { readonly type: 'collision' }
  /** The owner found the peer's routes unacceptable. */
  | { readonly type: 'reject'; readonly error: BgpError }
  | { readonly type: 'timeout' }

export type SessionOutput =
  | { readonly type: 'connect' }
  | { readonly type: 'disconnect' }
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  /** The peer's OPEN has been accepted: the moment to look for a collision. */
  | { readonly type: 'open'; readonly open: Open }
  | { readonly type: 'established'; readonly open: Open }
  | { readonly type: 'update'; readonly update: Update }
  /** The peer asks for all routes again (RFC 2918). */
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
  /** UPDATEs whose routes were taken as withdrawn because of a bad attribute (RFC 7606). */
  updateFaults: number
  notificationsIn: number
  notificationsOut: number
}
