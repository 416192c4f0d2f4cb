import type { AuthenticationConfig, AuthenticationFault } from './authenticator.js'
import type { ControlPacketFault } from './control-packet.js'
import type { BfdState } from './states.js'

/** Timers of a session, which may change while it runs. */
export interface BfdIntervals {
  /** Shortest interval at which this end sends while Up, ms: above 0, to 4,294,967. */
  readonly desiredMinTxMs: number
  /** Shortest interval at which this end can receive, ms: above 0, to 4,294,967. */
  readonly requiredMinRxMs: number
}

/** Configuration of a session. */
export interface BfdSessionConfig extends BfdIntervals {
  /** Discriminator, unique among the sessions of this system, 1 to 2^32 - 1. */
  readonly localDiscriminator: number
  /** Missing packets that make a failure at the peer, 1 to 255. */
  readonly detectMultiplier: number
  /** True if this end sends nothing before it has received a packet (RFC 5880 §6.1). */
  readonly passive?: boolean
  readonly authentication?: AuthenticationConfig
  /** Returns a number, uniform in [0, 1): for jitter and the first sequence number. */
  readonly random: () => number
}

export type BfdInput =
  /** UDP payload of one datagram of the peer. */
  | { readonly type: 'packet'; readonly bytes: Uint8Array }
  | { readonly type: 'timeout' }
  /**
   * This process was not scheduled during the last `lagMs`. That time does not count as silence
   * of the peer, whose packets may wait in the socket. To be handled before a late timeout.
   */
  | { readonly type: 'lag'; readonly lagMs: number }
  /** New intervals, which a Poll Sequence announces (RFC 5880 §6.8.3). */
  | ({ readonly type: 'configure' } & BfdIntervals)
  /**
   * Carrier of the link to the peer. Without it nothing is sent or received, and the verdict on the
   * path is `unknown`, since the carrier itself is the faster detector.
   */
  | { readonly type: 'carrier'; readonly isUp: boolean }
  /** Enters AdminDown (RFC 5880 §6.8.16). */
  | { readonly type: 'disable' }
  | { readonly type: 'enable' }

/**
 * Verdict on the path, for the protocols that use BFD. Only `failed` may take down BGP or remove a
 * next hop. AdminDown at either end leads to `unknown`, which is not a failure (RFC 5882 §3.2).
 */
export type PathVerdict = (typeof PATH_VERDICTS)[number]
export const PATH_VERDICTS = ['unknown', 'working', 'failed'] as const

export type BfdOutput =
  /** UDP payload to the peer. */
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  | {
      readonly type: 'state'
      readonly from: BfdState
      readonly state: BfdState
      /** Diagnostic code of this end, 0 to 31. */
      readonly diagnostic: number
      readonly reason: string
    }
  | { readonly type: 'path'; readonly path: PathVerdict; readonly reason: string }
  /** The peer requests Demand mode. That is refused: periodic packets continue. */
  | { readonly type: 'demand-refused' }

/** Reason for which a packet is discarded (RFC 5880 §6.8.6). */
export type DiscardCause =
  | ControlPacketFault
  | AuthenticationFault
  | 'your-discriminator'
  | 'no-discriminator'
  | 'admin-down'
  | 'no-carrier'

/** Reasons for which packets are discarded, in words. */
export const DISCARD_CAUSES: Readonly<Record<DiscardCause, string>> = {
  truncated: 'the datagram is shorter than its packet',
  version: 'the version is not 1',
  length: 'the length is below that of a packet',
  'detect-multiplier': 'the detect multiplier is 0',
  multipoint: 'the Multipoint bit is set',
  'my-discriminator': 'My Discriminator is 0',
  'authentication-type': 'the type of authentication is another one',
  'authentication-length': 'the length of the authentication section is invalid',
  'authentication-unexpected': 'it has an authentication section, and none is configured',
  'authentication-missing': 'it has no authentication section',
  'key-id': 'the key has another identifier',
  sequence: 'the sequence number is too old or too far ahead, as in a replay',
  digest: 'the digest is invalid: the keys differ, or the packet is forged',
  'your-discriminator': "Your Discriminator is not this session's",
  'no-discriminator': 'Your Discriminator is 0 in Init or Up',
  'admin-down': 'this end is AdminDown',
  'no-carrier': 'the link has no carrier',
}

/** Counters of a session since it was created. */
export interface BfdCounters {
  readonly sent: number
  /** Packets that have passed all checks. */
  readonly received: number
  readonly discarded: Readonly<Partial<Record<DiscardCause, number>>>
  /** Times at which the session has left Up because of a failure. */
  readonly failures: number
  /** Delays of this process that were reported. */
  readonly lags: number
  /** Delays without which the detection time would have expired. */
  readonly excusedLags: number
  /** Polls to which no Final was sent, since there were too many in a short time. */
  readonly finalsSuppressed: number
  /** Requests for Demand mode that were refused. */
  readonly demandRefused: number
}

/** State of a session at one moment. */
export interface BfdStatus {
  readonly state: BfdState
  readonly path: PathVerdict
  readonly diagnostic: number
  readonly localDiscriminator: number
  /** 0 if unknown. */
  readonly remoteDiscriminator: number
  readonly remoteState: BfdState
  readonly remoteDiagnostic: number
  /** Interval between periodic packets before jitter, ms; Infinity if the peer wants none. */
  readonly transmitIntervalMs: number
  /** Time without packets that makes a failure, ms; 0 before the first packet. */
  readonly detectionTimeMs: number
  /** True while new intervals wait for the peer's confirmation. */
  readonly isPolling: boolean
  readonly counters: BfdCounters
}
