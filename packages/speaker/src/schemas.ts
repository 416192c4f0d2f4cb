import { BFD_STATES, DISCARD_CAUSES, PATH_VERDICTS } from '@fivetuple/bfd'
import type { Message } from '@fivetuple/runtime'
import { Count, countersOf, Flag, Ms, nullable, oneOf, Text } from '@fivetuple/runtime/schemas'
import Type from 'typebox'

// Schemas of what a speaker shows, for the contracts of roles. Imported by itself: roles load no
// schemas.

/** One BFD session. */
export type BfdSessionStatus = Message<typeof BfdSessionStatus>
export const BfdSessionStatus = Type.Object({
  neighbor: Text,
  address: Text,
  /** True: UDP port 4784 (RFC 5883); false: 3784 (RFC 5881). */
  multihop: Flag,
  state: oneOf(BFD_STATES),
  remoteState: oneOf(BFD_STATES),
  /** Verdict on the path. Only `failed` ends BGP and removes next hops. */
  path: oneOf(PATH_VERDICTS),
  /** Own diagnostic code, in the words of RFC 5880 §4.1. */
  diagnostic: Text,
  /** Diagnostic code of the peer's last packet. */
  remoteDiagnostic: Text,
  /** Interval between packets that are sent, before jitter, ms; null: the peer wants none. */
  transmitIntervalMs: nullable(Ms),
  /** Time without packets that makes a failure, ms; 0 before the first packet. */
  detectionTimeMs: Ms,
  /** Own detect multiplier. */
  detectMultiplier: Count,
  authentication: oneOf(['none', 'keyed-sha1', 'meticulous-keyed-sha1']),
  /** Time since the last change of state, ms. */
  stateMs: Ms,
  /** Time for which the session has been Up, ms; null: it is not. */
  upMs: nullable(Ms),
  /** Times at which the session has left Up because the path has failed. */
  downs: Count,
  /** The last of them; null: there was none. */
  lastDown: nullable(Type.Object({ reason: Text, agoMs: Ms })),
  /** Delays of this process that would have looked like a failure of the path. */
  excusedLags: Count,
  /** Polls to which no Final was sent, since there were too many in a short time. */
  finalsSuppressed: Count,
  /** Requests of the peer for Demand mode, which is refused. */
  demandRefused: Count,
  sent: Count,
  /** Packets that have passed all checks. */
  received: Count,
  /** Discarded packets, per cause. */
  discarded: countersOf([...Object.keys(DISCARD_CAUSES), 'over-budget']),
  /** Datagrams that the kernel did not take. */
  sendErrors: Count,
})

/** BFD of one role: its sessions, and what belongs to none. */
export type BfdSpeakerStatus = Message<typeof BfdSpeakerStatus>
export const BfdSpeakerStatus = Type.Object({
  sessions: Type.Array(BfdSessionStatus),
  /** True if another program has a port of BFD at all addresses, as FRR does. */
  isAddressShared: Flag,
  /** Datagrams from addresses that are no peer's. */
  unknownPeers: Count,
  /** Datagrams of a peer whose Your Discriminator is no session's with it. */
  unknownDiscriminators: Count,
  /** Delays of this process of 20 ms or more. */
  lags: Count,
  /** Longest of them, ms. */
  longestLagMs: Ms,
})
