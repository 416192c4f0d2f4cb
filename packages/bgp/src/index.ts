/** BGP-4 (RFC 4271) without I/O: codec, session machine, routing information bases. */
export type { OriginatedRoute } from './adj-rib-out.js'
export { type AsSegment, asPathLength } from './as-path.js'
export type { SpeakerIdentity } from './collision.js'
export {
  AS_TRANS,
  CeaseSubcode,
  Community,
  ErrorCode,
  HEADER_BYTES,
  MESSAGE_MAX_BYTES,
  MessageType,
  Origin,
  SegmentType,
} from './constants.js'
export type { RibPath } from './decision.js'
export type { BgpError, Decoded } from './errors.js'
export { encodeKeepalive, type Frame, MessageFramer } from './message.js'
export { decodeNotification, encodeNotification, type Notification } from './notification.js'
export { formatNotification, notificationDetail } from './notification-text.js'
export { decodeOpen, encodeOpen, IPV4_UNICAST, type Open } from './open.js'
export type { PathAttributes } from './path-attributes.js'
export {
  BgpPeer,
  type ConnectionSide,
  type PeerConfig,
  type PeerError,
  type PeerInput,
  type PeerOutput,
} from './peer.js'
export { RIB_REJECTIONS, Rib, type RibRefusal, type RibRejections } from './rib.js'
export type { RibNeighbor } from './rib-neighbor.js'
export { type RibChange, type RibRoute, RibSnapshot } from './rib-snapshot.js'
export { decodeRouteRefresh, encodeRouteRefresh } from './route-refresh.js'
export { BgpSession } from './session.js'
export type { SessionConfig, SessionCounters, SessionInput, SessionOutput } from './session-contract.js'
export { formatSessionEnd, type SessionDetector, type SessionEnd } from './session-end.js'
export {
  SESSION_EVENTS,
  SESSION_STATES,
  type SessionEvent,
  type SessionState,
  TRANSITIONS,
  type TransitionTable,
} from './transitions.js'
export {
  type Announcement,
  decodeUpdate,
  encodeAnnouncements,
  encodeEndOfRib,
  encodeWithdrawals,
  type Update,
} from './update.js'
