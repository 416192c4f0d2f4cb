/** BFD (RFC 5880) without I/O: codec, authentication, timing, state machine. */
export {
  AUTHENTICATION_TYPES,
  type AuthenticationSection,
  type AuthenticationType,
  type DigestAuthenticationType,
} from './authentication-section.js'
export { type AuthenticationConfig, type AuthenticationFault, Authenticator } from './authenticator.js'
export {
  CONTROL_PACKET_BYTES,
  type ControlPacket,
  type ControlPacketFault,
  type DecodedControlPacket,
  decodeControlPacket,
  encodeControlPacket,
  YOUR_DISCRIMINATOR_OFFSET,
} from './control-packet.js'
export { DIAGNOSTICS, diagnosticText } from './diagnostics.js'
export { BfdSession } from './session.js'
export {
  type BfdCounters,
  type BfdInput,
  type BfdIntervals,
  type BfdOutput,
  type BfdSessionConfig,
  type BfdStatus,
  DISCARD_CAUSES,
  type DiscardCause,
  PATH_VERDICTS,
  type PathVerdict,
} from './session-contract.js'
export { BFD_STATE_CODES, BFD_STATES, type BfdState } from './states.js'
export { detectionTimeMs, jitteredIntervalMs, SLOW_TX_MS, transmitIntervalMs } from './timing.js'
export {
  BFD_EVENTS,
  BFD_TRANSITIONS,
  type BfdEvent,
  type BfdTransition,
  type BfdTransitionTable,
} from './transitions.js'
